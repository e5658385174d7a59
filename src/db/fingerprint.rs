//! Are two schemas the same? One line of text for everything in `public` that decides how the database behaves.

use tokio_postgres::Client;

const LINES: &str = "
    WITH ours AS (
        SELECT c.oid, c.relname, c.relkind
          FROM pg_catalog.pg_class c
         WHERE c.relnamespace = 'public'::pg_catalog.regnamespace
           AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relname <> 'refinery_schema_history'
    )
    SELECT line FROM (
        SELECT pg_catalog.format('relation %s %s', o.relname, o.relkind) AS line FROM ours o
        UNION ALL
        SELECT pg_catalog.format('column %s.%s %s%s default %s place %s', o.relname, a.attname,
                                 pg_catalog.format_type(a.atttypid, a.atttypmod),
                                 CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                                 coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '-'), a.attnum)
          FROM ours o
          JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
          LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL
        SELECT pg_catalog.format('constraint %s.%s %s', o.relname, c.conname, pg_catalog.pg_get_constraintdef(c.oid))
          FROM ours o JOIN pg_catalog.pg_constraint c ON c.conrelid = o.oid
        UNION ALL
        SELECT pg_catalog.format('index %s%s', pg_catalog.pg_get_indexdef(i.indexrelid),
                                 CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END)
          FROM ours o JOIN pg_catalog.pg_index i ON i.indrelid = o.oid
        UNION ALL
        SELECT pg_catalog.format('trigger %s enabled %s', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
          FROM ours o JOIN pg_catalog.pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal
        UNION ALL
        SELECT pg_catalog.format('function %s returns %s %s %s %s %s', p.oid::pg_catalog.regprocedure,
                                 pg_catalog.pg_get_function_result(p.oid),
                                 CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END, p.provolatile,
                                 coalesce(p.proconfig::text, '-'), pg_catalog.md5(p.prosrc))
          FROM pg_catalog.pg_proc p
         WHERE p.pronamespace = 'public'::pg_catalog.regnamespace
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e
                            WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid
                              AND e.deptype = 'e')
        UNION ALL
        SELECT pg_catalog.format('grant %s on %s to %s', g.privilege_type, o.relname,
                                 coalesce(r.rolname, 'public'))
          FROM ours o
          JOIN pg_catalog.pg_class c ON c.oid = o.oid
         CROSS JOIN pg_catalog.aclexplode(c.relacl) g
          LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
         WHERE g.grantee <> c.relowner
        UNION ALL
        SELECT pg_catalog.format('grant %s on %s.%s to %s', g.privilege_type, o.relname, a.attname,
                                 coalesce(r.rolname, 'public'))
          FROM ours o
          JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid
         CROSS JOIN pg_catalog.aclexplode(a.attacl) g
          LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
        UNION ALL
        SELECT pg_catalog.format('grant %s on %s to %s', g.privilege_type, p.oid::pg_catalog.regprocedure,
                                 coalesce(r.rolname, 'public'))
          FROM pg_catalog.pg_proc p
         CROSS JOIN pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) g
          LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
         WHERE p.pronamespace = 'public'::pg_catalog.regnamespace AND g.grantee <> p.proowner
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e
                            WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid
                              AND e.deptype = 'e')
        UNION ALL
        SELECT pg_catalog.format('extension %s', e.extname) FROM pg_catalog.pg_extension e
    ) AS schema
    ORDER BY line COLLATE \"C\"";

/// Stable text, a line an object, sorted: equal texts mean equal schemas, and a difference can be read. The history
/// of the migrations is left out, because it says when, not what.
///
/// # Errors
/// When the catalog cannot be read.
pub async fn fingerprint(client: &Client) -> Result<String, tokio_postgres::Error> {
    let rows = client.query(LINES, &[]).await?;
    Ok(rows.iter().map(|row| row.get("line")).collect::<Vec<&str>>().join("\n"))
}
