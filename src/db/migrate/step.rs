//! Which migrations does this program bring, and how is each run, checked and taken back?

use refinery::{Migration, Runner};

use crate::db::adopt::Names;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What runs before each migration, in its transaction: who acts, and where names without a schema are looked up.
const PRELUDE: &str = "SELECT pg_catalog.set_config('nexus.actor', 'system:migrate', true), \
     pg_catalog.set_config('nexus.context', 'job', true);\n";

/// What runs after each migration, in its transaction, which fails when the validation answers with a row. Its text is a
/// setting of the session and no part of the migration: refinery compares what was applied with what the program has,
/// and a validation may be mended.
const CHECK: &str = "
DO $validation$
DECLARE
    failures text;
BEGIN
    EXECUTE 'SELECT pg_catalog.string_agg(failed.reason, ''; '') FROM ('
         || pg_catalog.current_setting('nexus.validation') || ') AS failed' INTO failures;
    IF failures IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'NX090', CONSTRAINT = 'nexus_validation', MESSAGE = failures;
    END IF;
END
$validation$;
";

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
    /// Answers with a row for each thing that is wrong; asked by [`CHECK`], and again at any time.
    validation: &'static str,
}

macro_rules! companion {
    ($version:literal, $name:literal, $effect:ident) => {
        Companion {
            version: $version,
            effect: Effect::$effect,
            rollback: include_str!(concat!("../../../migrations/rollback/R", $version, "__", $name, ".sql")),
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
    companion!(8, "trail", Adds),
    companion!(9, "seal", Adds),
    companion!(10, "review", Adds),
    companion!(11, "order", Adds),
];

/// One migration with everything that belongs to it.
pub struct Step {
    pub version: u32,
    pub effect: Effect,
    pub name: String,
    pub rollback: &'static str,
    pub validation: &'static str,
    pub(super) forward: String,
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
            })
        })
        .collect();
    steps.sort_by_key(|step| step.version);
    steps
}

/// What the migrations make that must not be there before them. What they make only where it is absent is written
/// differently: IF NOT EXISTS, OR REPLACE.
pub fn names(steps: &[Step]) -> Names<'_> {
    let mut names = Names::default();
    for line in steps.iter().flat_map(|step| step.forward.lines()) {
        let made = |prefix: &str| line.strip_prefix(prefix)?.split([' ', '(']).next();
        names.relations.extend(made("CREATE TABLE public.").or_else(|| made("CREATE VIEW public.")));
        names.functions.extend(made("CREATE FUNCTION public."));
    }
    names
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
            Migration::unapplied(&file, &[PRELUDE, &step.forward, CHECK, &event].concat())
        })
        .collect::<Result<Vec<Migration>, refinery::Error>>()?;
    Ok(Runner::new(&migrations))
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::{COMPANIONS, Effect, Step, embedded, runner, steps};

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
        // By number: the tenth stands behind the ninth.
        names.sort_by_key(|name| number(name));
        names
    }

    fn number(name: &str) -> u32 {
        let digits = name.split_once("__").and_then(|(number, _)| number.parse().ok());
        digits.unwrap_or_else(|| panic!("{name} does not begin with its number"))
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

    /// From 0.2.0 on a database may hold whatever was ever released, so a migration is never edited: another one is added.
    #[test]
    fn no_migration_has_changed_since_it_was_released() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("migrations/{name}: {error}"));
        let released = text("CHECKSUMS");
        let released: Vec<(&str, &str)> = released.lines().map(|line| line.split_once("  ").expect("a sum, two spaces, a name")).collect();
        let mut names: Vec<String> = released.iter().map(|(_, name)| name.trim_start_matches('V').to_owned()).collect();
        // The shell that writes the file puts the tenth before the second.
        names.sort_by_key(|name| number(name));
        assert_eq!(names, files(".", 'V'), "migrations/CHECKSUMS has a line for each migration; add one with the new one");
        for (sum, name) in released {
            let now = hex::encode(sha2::Sha256::digest(text(name)));
            assert_eq!(now, sum, "migrations/{name} was released as it was: take the change back and add another migration");
        }
    }

    /// What surrounds a migration is sealed with it: a database that has it must find it again.
    #[test]
    fn what_surrounds_a_migration_is_part_of_what_was_released() {
        let step = Step {
            version: 7,
            name: "any".to_owned(),
            effect: Effect::Adds,
            rollback: "",
            validation: "",
            forward: "SELECT 1;\n".to_owned(),
        };
        let composed = runner(&[step]).expect("a migration");
        let sums: Vec<u64> = composed.get_migrations().iter().map(refinery::Migration::checksum).collect();
        assert_eq!(sums, [3_569_130_669_163_971_249], "every database that exists would be refused");
    }
}
