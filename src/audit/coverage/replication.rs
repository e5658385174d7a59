//! Does any session begin with the triggers switched off?

use super::{Finding, Question, Remedy};
use crate::db::pool::{Connection, DatabaseError};

/// As `replica`, none of the triggers fires that record.
const SWITCHED_OFF: &str = "
    SELECT CASE WHEN s.setrole = 0 THEN 'For everybody in this database'
                WHEN s.setdatabase = 0 THEN format('For the role %s', r.rolname)
                ELSE format('For the role %s in this database', r.rolname) END,
           CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET session_replication_role;', current_database())
                WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET session_replication_role;', r.rolname)
                ELSE format('ALTER ROLE %I IN DATABASE %I RESET session_replication_role;', r.rolname, current_database()) END
      FROM pg_db_role_setting s
      LEFT JOIN pg_database d ON d.oid = s.setdatabase
      LEFT JOIN pg_roles r ON r.oid = s.setrole
     CROSS JOIN LATERAL unnest(s.setconfig) AS setting
     WHERE (s.setdatabase = 0 OR d.datname = current_database()) AND lower(setting) = 'session_replication_role=replica'
    UNION ALL
    SELECT 'For whoever does not say otherwise', 'ALTER SYSTEM RESET session_replication_role; SELECT pg_reload_conf();'
     WHERE current_setting('session_replication_role') = 'replica'
       AND NOT EXISTS (SELECT FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS setting
                        WHERE lower(setting) = 'session_replication_role=replica')
    ORDER BY 1";

pub(super) async fn examine(connection: &Connection) -> Result<Vec<Finding>, DatabaseError> {
    let rows = connection.query(SWITCHED_OFF, &[]).await?;
    rows.iter()
        .map(|row| {
            let whose: &str = row.try_get(0)?;
            let what = format!("{whose} session_replication_role is replica: what they change is not recorded, in every table.");
            Ok(Finding {
                question: Question::Replication,
                table: "every table".to_owned(),
                what,
                remedy: Remedy::Type(row.try_get(1)?),
                record: None,
            })
        })
        .collect()
}
