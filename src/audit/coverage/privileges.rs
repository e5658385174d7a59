//! Who could change what is recorded, without being the owner?

use super::{Finding, Question, Remedy, subjects::SEALED};
use crate::db::pool::{Connection, DatabaseError};

/// Owners and superusers can do everything anyway: what tells of them is the Merkle log, not a right they lack.
const EXCESS: &str = "
    WITH sealed AS (
        SELECT c.oid, c.relname, c.relowner, c.relacl FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1)
    ), others AS (
        SELECT r.oid, r.rolname FROM pg_roles r WHERE (r.rolcanlogin OR r.rolname = 'nexus_app') AND NOT r.rolsuper
    ), excess AS (
        SELECT s.relname, p.name AS privilege, p.place,
               CASE WHEN EXISTS (SELECT FROM aclexplode(s.relacl) g WHERE g.grantee = 0 AND g.privilege_type = p.name)
                    THEN NULL ELSE o.rolname END AS holder
          FROM sealed s
         CROSS JOIN others o
         CROSS JOIN (VALUES ('UPDATE', 1), ('DELETE', 2), ('TRUNCATE', 3), ('TRIGGER', 4)) AS p (name, place)
         WHERE o.oid <> s.relowner AND NOT pg_has_role(o.oid, s.relowner, 'MEMBER')
           AND (has_table_privilege(o.oid, s.oid, p.name)
                OR p.name = 'UPDATE' AND has_any_column_privilege(o.oid, s.oid, 'UPDATE'))
    )
    SELECT e.relname::text, coalesce('The role ' || e.holder, 'Everybody') || ' may '
               || string_agg(DISTINCT e.privilege, ', ') || ' on ' || e.relname || '.',
           format('REVOKE %s ON public.%I FROM %s;', string_agg(DISTINCT e.privilege, ', '), e.relname,
                  CASE WHEN e.holder IS NULL THEN 'PUBLIC' ELSE quote_ident(e.holder) END)
      FROM excess e GROUP BY e.relname, e.holder
    UNION ALL
    SELECT min(s.relname), format('The role %s is a member of %s, which owns %s, and could switch the triggers off.',
                                  o.rolname, w.rolname, string_agg(s.relname, ', ' ORDER BY s.relname)),
           format('REVOKE %I FROM %I;', w.rolname, o.rolname)
      FROM sealed s
      JOIN pg_roles w ON w.oid = s.relowner
      JOIN others o ON o.oid <> s.relowner AND pg_has_role(o.oid, s.relowner, 'MEMBER')
     GROUP BY o.rolname, w.rolname
     ORDER BY 1, 2
     LIMIT 100";

pub(super) async fn examine(connection: &Connection) -> Result<Vec<Finding>, DatabaseError> {
    let rows = connection.query(EXCESS, &[&SEALED.as_slice()]).await?;
    rows.iter()
        .map(|row| {
            let (table, what, remedy) = (row.try_get(0)?, row.try_get(1)?, Remedy::Type(row.try_get(2)?));
            Ok(Finding { question: Question::Privileges, table, what, remedy, record: None })
        })
        .collect()
}
