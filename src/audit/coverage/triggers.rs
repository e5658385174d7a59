//! Is every trigger that records there, enabled, whole and ours, and does nothing stand before it?

use super::{
    Finding, Question, Remedy,
    subjects::{LOGS, Subject},
};
use crate::db::pool::{Connection, DatabaseError};

/// `kind` is `pg_trigger.tgtype`: a bit each for row, before, insert, delete, update and truncate.
const GAPS: &str = "
    WITH wanted (relation, name, acts, kind) AS (
        SELECT t.name, 'audit_' || t.name, 'log_ssot_changes', 29 FROM unnest($1::text[]) AS t (name)
        UNION ALL
        SELECT t.name, 'nexus_no_truncate', 'nexus_append_only', 34 FROM unnest($1::text[]) AS t (name)
        UNION ALL
        VALUES ('audit_logs', 'nexus_entry', 'nexus_entry', 5), ('ssot_audit_logs', 'nexus_entry', 'nexus_entry', 5),
               ('audit_logs', 'nexus_append_only', 'nexus_append_only', 58),
               ('ssot_audit_logs', 'nexus_append_only', 'nexus_append_only', 58),
               ('audit_details', 'nexus_append_only', 'nexus_append_only', 58),
               ('audit_leaves', 'nexus_append_only', 'nexus_append_only', 26),
               ('audit_checkpoints', 'nexus_append_only', 'nexus_append_only', 26),
               ('audit_tiles', 'nexus_append_only', 'nexus_append_only', 10),
               ('audit_unsealed', 'nexus_no_truncate', 'nexus_append_only', 34),
               ('audit_leaves', 'nexus_no_truncate', 'nexus_append_only', 34),
               ('audit_tiles', 'nexus_no_truncate', 'nexus_append_only', 34),
               ('audit_checkpoints', 'nexus_no_truncate', 'nexus_append_only', 34),
               ('audit_sweep', 'nexus_no_truncate', 'nexus_append_only', 34)
    ), there AS (
        SELECT c.relname::text AS relation, g.tgname::text AS name, g.tgenabled, g.tgfoid, g.tgtype::int AS kind,
               g.tgqual IS NULL AND g.tgattr = ''::int2vector AS unconditional,
               p.pronamespace = 'public'::regnamespace
                   AND (p.proname LIKE 'nexus\\_%' OR p.proname IN ('log_ssot_changes', 'update_updated_at_column')) AS ours
          FROM pg_trigger g
          JOIN pg_class c ON c.oid = g.tgrelid
          JOIN pg_proc p ON p.oid = g.tgfoid
         WHERE NOT g.tgisinternal AND c.relnamespace = 'public'::regnamespace
           AND (c.relname = ANY ($1) OR c.relname = ANY ($2))
    )
    SELECT gap.relation, gap.what, gap.remedy FROM (
        SELECT w.relation,
               CASE WHEN to_regclass('public.' || quote_ident(w.relation)) IS NULL THEN format('The table %s is gone', w.relation)
                    WHEN t.name IS NULL THEN format('On %s the trigger %s is missing', w.relation, w.name)
                    WHEN t.tgenabled IN ('D', 'R') THEN format('On %s the trigger %s is disabled', w.relation, w.name)
                    WHEN t.tgfoid IS DISTINCT FROM to_regprocedure('public.' || w.acts || '()')
                        THEN format('On %s the trigger %s calls another function than %s', w.relation, w.name, w.acts)
                    ELSE format('On %s the trigger %s does not fire for every change', w.relation, w.name) END AS what,
               CASE WHEN to_regclass('public.' || quote_ident(w.relation)) IS NULL THEN 'nexus-console migrate validate'
                    WHEN t.tgenabled IN ('D', 'R') AND t.kind = w.kind
                        THEN format('ALTER TABLE public.%I ENABLE TRIGGER %I;', w.relation, w.name)
                    ELSE format('CREATE OR REPLACE TRIGGER %I %s ON public.%I %s EXECUTE FUNCTION public.%I();', w.name,
                                CASE w.kind WHEN 29 THEN 'AFTER INSERT OR UPDATE OR DELETE' WHEN 34 THEN 'BEFORE TRUNCATE'
                                            WHEN 5 THEN 'AFTER INSERT' WHEN 26 THEN 'BEFORE UPDATE OR DELETE'
                                            WHEN 10 THEN 'BEFORE DELETE' ELSE 'BEFORE UPDATE OR DELETE OR TRUNCATE' END,
                                w.relation,
                                CASE WHEN w.kind IN (29, 5) THEN 'FOR EACH ROW' ELSE 'FOR EACH STATEMENT' END, w.acts) END AS remedy
          FROM wanted w
          LEFT JOIN there t ON t.relation = w.relation AND t.name = w.name
         WHERE (t.tgenabled IN ('O', 'A') AND t.tgfoid = to_regprocedure('public.' || w.acts || '()')
                AND t.kind = w.kind AND t.unconditional) IS NOT TRUE
        UNION ALL
        SELECT t.relation, format('On %s the trigger %s is disabled', t.relation, t.name),
               format('ALTER TABLE public.%I ENABLE TRIGGER %I;', t.relation, t.name)
          FROM there t
         WHERE t.ours AND t.tgenabled IN ('D', 'R')
           AND NOT EXISTS (SELECT FROM wanted w WHERE w.relation = t.relation AND w.name = t.name)
        UNION ALL
        SELECT t.relation,
               format('Before %s stands the trigger %s, which is not the console''s and could change or drop entries', t.relation, t.name),
               format('DROP TRIGGER %I ON public.%I;', t.name, t.relation)
          FROM there t
         WHERE NOT t.ours AND t.kind & 2 = 2 AND t.relation = ANY ($2)
        UNION ALL
        SELECT c.relname::text, format('On %s the rule %s could swallow changes', c.relname, r.rulename),
               format('DROP RULE %I ON public.%I;', r.rulename, c.relname)
          FROM pg_rewrite r
          JOIN pg_class c ON c.oid = r.ev_class
         WHERE c.relnamespace = 'public'::regnamespace AND r.rulename <> '_RETURN'
           AND (c.relname = ANY ($1) OR c.relname = ANY ($2))
    ) AS gap
    ORDER BY gap.relation, gap.what";

pub(super) async fn examine(connection: &Connection, subjects: &[Subject]) -> Result<Vec<Finding>, DatabaseError> {
    let tables: Vec<&str> = subjects.iter().map(|subject| subject.table).collect();
    let rows = connection.query(GAPS, &[&tables, &LOGS.as_slice()]).await?;
    rows.iter()
        .map(|row| {
            let what = [row.try_get::<_, &str>(1)?, "."].concat();
            Ok(Finding { question: Question::Triggers, table: row.try_get(0)?, what, remedy: Remedy::Type(row.try_get(2)?), record: None })
        })
        .collect()
}
