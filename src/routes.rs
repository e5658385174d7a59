//! Which handler answers which URL?

use actix_web::web::{self, ServiceConfig};

use crate::{
    operations::health,
    pages::{approvals, assets, browse, dashboard, doors, record},
};

/// Everything the console answers, in the order it is looked up.
pub fn all(config: &mut ServiceConfig) {
    config
        .configure(health::configure)
        .configure(doors::routes)
        .service(web::resource("/static/{name:.*}").get(assets::serve))
        .service(web::resource("/").get(dashboard::index))
        .service(web::redirect("/notifications", "/tables/notifications").see_other())
        .configure(approvals::routes)
        .configure(browse::list_routes)
        .configure(record::record_routes);
}
