//! Which handler answers which URL?

use actix_web::web::{self, ServiceConfig};

use crate::{
    operations::health,
    pages::{
        approvals, assets, audit, browse, dashboard, doors, holds, inbox, ledger, limit, maintenance, record, runs, search, tiers,
        transfers, urls,
    },
};

/// Everything the console answers, in the order it is looked up.
pub fn all(config: &mut ServiceConfig) {
    config
        .configure(health::configure)
        .configure(doors::routes)
        .service(web::resource("/static/{name:.*}").get(assets::serve))
        .service(web::resource("/").get(dashboard::index))
        .service(web::resource(urls::SEARCH).get(search::search))
        .service(web::resource("/notifications").get(inbox::own))
        .configure(tiers::routes)
        .configure(holds::routes)
        .configure(ledger::routes)
        .configure(maintenance::routes)
        .configure(approvals::routes)
        .configure(audit::routes)
        .configure(browse::list_routes)
        .configure(transfers::routes)
        .configure(limit::routes)
        .configure(runs::routes)
        .configure(record::record_routes);
}
