//! Which handler answers which URL?

use actix_web::web::{self, ServiceConfig};

use crate::{operations::health, pages::doors};

/// Everything the console answers, in the order it is looked up.
pub fn all(config: &mut ServiceConfig) {
    config.configure(health::configure).configure(doors::routes).route("/static/{name:.*}", web::get().to(crate::pages::assets::serve));
}
