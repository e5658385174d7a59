//! Which migrations does this program bring, and how is each run, checked and taken back?

use refinery::{Migration, Runner};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What runs before each migration, in its transaction: who acts, and where names without a schema are looked up.
const PRELUDE: &str = "SELECT pg_catalog.set_config('nexus.actor', 'system:migrate', true), \
     pg_catalog.set_config('nexus.context', 'job', true);\n";

/// What a migration does to what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only adds; whoever goes back has lost nothing.
    Adds,
    /// It changes rows that are there, or drops something: a backup comes first.
    Changes,
}

/// The two scripts that belong to every migration, and what it does to what is there.
struct Companion {
    version: u32,
    effect: Effect,
    rollback: &'static str,
    /// Its own transaction fails when the query inside returns a row.
    check: &'static str,
    /// The same query, to be asked again at any time.
    validation: &'static str,
}

macro_rules! companion {
    ($version:literal, $name:literal, $effect:ident) => {
        Companion {
            version: $version,
            effect: Effect::$effect,
            rollback: include_str!(concat!("../../../migrations/rollback/R", $version, "__", $name, ".sql")),
            check: concat!(
                "\nDO $validation$ DECLARE failures text; BEGIN \
                 SELECT pg_catalog.string_agg(validation.reason, '; ') INTO failures FROM (\n",
                include_str!(concat!("../../../migrations/validation/C", $version, "__", $name, ".sql")),
                "\n) AS validation; IF failures IS NOT NULL THEN \
                 RAISE EXCEPTION USING ERRCODE = 'NX090', CONSTRAINT = 'nexus_validation', MESSAGE = failures; \
                 END IF; END $validation$;\n"
            ),
            validation: concat!(
                "SELECT validation.reason FROM (\n",
                include_str!(concat!("../../../migrations/validation/C", $version, "__", $name, ".sql")),
                "\n) AS validation ORDER BY 1"
            ),
        }
    };
}

const COMPANIONS: &[Companion] = &[
    companion!(1, "nexus_schema", Adds),
    companion!(2, "audit", Adds),
    companion!(3, "guards", Adds),
    companion!(4, "ledger", Adds),
    companion!(5, "approvals", Adds),
    companion!(6, "indexes", Adds),
    companion!(7, "seed", Adds),
];

/// One migration with everything that belongs to it.
pub struct Step {
    pub version: u32,
    pub effect: Effect,
    pub name: String,
    pub rollback: &'static str,
    pub validation: &'static str,
    forward: String,
    check: &'static str,
}

/// Every migration of this program, oldest first. A migration without its companions is left out, which a test
/// refuses.
pub fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = embedded::migrations::runner()
        .get_migrations()
        .iter()
        .filter_map(|migration| {
            let version = u32::try_from(migration.version()).ok()?;
            let companion = COMPANIONS.iter().find(|companion| companion.version == version)?;
            Some(Step {
                version,
                effect: companion.effect,
                name: migration.name().to_owned(),
                rollback: companion.rollback,
                validation: companion.validation,
                forward: migration.sql()?.to_owned(),
                check: companion.check,
            })
        })
        .collect();
    steps.sort_by_key(|step| step.version);
    steps
}

/// refinery runs a migration and its row of the history in one transaction, so what must happen in that transaction
/// is part of the migration: the actor before it, its validation and the entry about it after it.
///
/// # Errors
/// When a migration's file name is malformed.
pub fn runner(steps: &[Step]) -> Result<Runner, refinery::Error> {
    let migrations = steps
        .iter()
        .map(|step| {
            let version = step.version.to_string();
            let file = ["V", &version, "__", &step.name].concat();
            // The version is a number and the name is letters, digits and underscores, or it is no file name.
            let event = [
                "INSERT INTO public.audit_logs (entity_type, entity_id, action, new_values, context) VALUES \
                 ('event', '00000000-0000-0000-0000-000000000000', 'migration', \
                 pg_catalog.jsonb_build_object('version', ",
                &version,
                ", 'name', '",
                &step.name,
                "', 'direction', 'up'), 'job');\n",
            ]
            .concat();
            Migration::unapplied(&file, &[PRELUDE, &step.forward, step.check, &event].concat())
        })
        .collect::<Result<Vec<Migration>, refinery::Error>>()?;
    Ok(Runner::new(&migrations))
}

#[cfg(test)]
mod tests {
    use super::{COMPANIONS, embedded, steps};

    /// Every file in a folder below `migrations`, by its name without the extension.
    fn files(folder: &str, prefix: char) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder is readable")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".sql"))
            .map(|name| {
                assert!(name.starts_with(prefix), "{name} is not named {prefix}<n>__<name>.sql");
                name.trim_start_matches(prefix).to_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn every_migration_is_embedded_and_has_its_rollback_and_its_validation() {
        let forward = files(".", 'V');
        assert_eq!(forward, files("rollback", 'R'));
        assert_eq!(forward, files("validation", 'C'));
        assert_eq!(forward.len(), COMPANIONS.len());
        assert_eq!(forward.len(), embedded::migrations::runner().get_migrations().len());
        let steps = steps();
        let named: Vec<String> = steps.iter().map(|step| format!("{}__{}.sql", step.version, step.name)).collect();
        assert_eq!(forward, named);
        assert!(steps.iter().map(|step| step.version).eq(1..=u32::try_from(steps.len()).expect("few migrations")));
    }
}
