//! Which handler answers which URL?

use actix_web::web::{self, ServiceConfig};

use crate::{
    operations::health,
    pages::{
        access, annotate, approvals, assets, audit, audit_coverage, audit_proof, browse, dashboard, doors, evidence, holds, inbox, ledger,
        limit, maintenance, record, reviews, runs, search, tiers, transfers, urls,
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
        .configure(audit_proof::routes)
        .configure(maintenance::routes)
        .configure(audit_coverage::routes)
        .configure(reviews::routes)
        .configure(access::routes)
        .configure(evidence::routes)
        .configure(annotate::routes)
        .configure(approvals::routes)
        .configure(audit::routes)
        .configure(browse::list_routes)
        .configure(transfers::routes)
        .configure(limit::routes)
        .configure(runs::routes)
        .configure(record::record_routes);
}
