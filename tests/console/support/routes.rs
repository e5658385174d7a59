//! Which addresses does the console answer, and by which methods? One list, which a test compares with the program.

use std::{collections::BTreeSet, path::Path};

use super::stock;

/// As the program spells them, with what each is asked by.
pub const ROUTES: [(&str, &[&str]); 54] = [
    ("/", &["GET"]),
    ("/account", &["GET"]),
    ("/account/password", &["POST"]),
    ("/account/preferences", &["POST"]),
    ("/account/profile", &["POST"]),
    ("/account/session", &["GET"]),
    ("/account/sessions/revoke-others", &["POST"]),
    ("/account/sessions/{id}/revoke", &["POST"]),
    ("/approvals", &["GET"]),
    ("/approvals/held", &["GET", "POST"]),
    ("/approvals/rules", &["GET", "POST"]),
    ("/approvals/{transaction}", &["GET", "POST"]),
    ("/audit", &["GET"]),
    ("/audit/access", &["GET", "POST"]),
    ("/audit/access/{id}", &["GET", "POST"]),
    ("/audit/access/{id}/result.csv", &["GET"]),
    ("/audit/annotate", &["GET"]),
    ("/audit/coverage", &["GET"]),
    ("/audit/evidence", &["GET"]),
    ("/audit/evidence/pack.zip", &["GET"]),
    ("/audit/export.{format}", &["GET"]),
    ("/audit/proof", &["GET"]),
    ("/audit/proof/checkpoint", &["GET"]),
    ("/audit/proof/verify", &["POST"]),
    ("/audit/proof/{log}/{entry}.{file}", &["GET"]),
    ("/audit/reviews", &["GET", "POST"]),
    ("/audit/selected", &["POST"]),
    ("/health/live", &["GET"]),
    ("/health/ready", &["GET"]),
    ("/login", &["GET", "POST"]),
    ("/logout", &["POST"]),
    ("/notifications", &["GET"]),
    ("/operations/ledger", &["GET", "POST"]),
    ("/operations/ledger/{account}", &["GET", "POST"]),
    ("/operations/maintenance", &["GET"]),
    ("/password/{token}", &["GET", "POST"]),
    ("/runs/{id}", &["GET", "POST"]),
    ("/runs/{id}/result.csv", &["GET"]),
    ("/search", &["GET"]),
    ("/setup", &["GET", "POST"]),
    ("/static/{name:.*}", &["GET"]),
    ("/tables/accounts/{id}/limit", &["GET", "POST"]),
    ("/tables/{table}", &["GET", "POST"]),
    ("/tables/{table}/candidates", &["GET"]),
    ("/tables/{table}/export.{format}", &["GET"]),
    ("/tables/{table}/new", &["GET"]),
    ("/tables/{table}/selected", &["POST"]),
    ("/tables/{table}/{id}", &["GET", "POST"]),
    ("/tables/{table}/{id}/annotate", &["GET", "POST"]),
    ("/tables/{table}/{id}/delete", &["GET", "POST"]),
    ("/tables/{table}/{id}/edit", &["GET"]),
    ("/tables/{table}/{id}/history", &["GET"]),
    ("/tables/{table}/{id}/{verb}", &["GET", "POST"]),
    ("/transfers/new", &["GET", "POST"]),
];

/// Addresses that a route stands for, with a row of each table of a user's own. `run` is somebody's selection.
pub fn filled(path: &str, username: &str, run: &str) -> Vec<String> {
    let mut filled = Vec::new();
    let tables: Vec<&str> = nexus_console::tables::TABLES.iter().map(|resource| resource.table).collect();
    let verbs = ["withdraw", "reverse", "deactivate", "password-link", "rotate", "revoke", "read"];
    for table in if path.contains("{table}") { &tables[..] } else { &["accounts"] } {
        let id = if path.starts_with("/account/sessions") { stock::of("user_sessions", username) } else { stock::of(table, username) };
        let id = if path.starts_with("/runs/") { run.to_owned() } else { id };
        let one = path
            .replace("{table}", table)
            .replace("{id}", &id)
            .replace("{account}", &stock::of("accounts", username))
            .replace("{transaction}", &stock::of("transactions", "manager2"))
            .replace("{log}", "audit_logs")
            .replace("{entry}", &stock::of("audit_logs", username))
            .replace("{file}", "proof")
            .replace("{token}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
            .replace("{name:.*}", "app.css");
        if one.contains("{verb}") {
            filled.extend(verbs.map(|verb| one.replace("{verb}", verb)));
        } else if one.contains("{format}") {
            filled.extend(["csv", "jsonl", "xlsx"].map(|format| one.replace("{format}", format)));
        } else {
            filled.push(one);
        }
    }
    filled
}

/// What the program's own text declares: `resource("…").get(…).post(…)`, constants looked up where they are.
fn declared() -> BTreeSet<(String, String)> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let constants = |name: &str, file: &str| -> String {
        let name = name.rsplit("::").next().unwrap_or(name);
        let places = std::iter::once(file).chain(files.iter().map(String::as_str));
        let definition = format!("const {name}: &str = \"");
        let value = places.filter_map(|text| text.split_once(&definition)).filter_map(|(_, rest)| rest.split('"').next()).next();
        value.unwrap_or_else(|| panic!("no constant {name}")).to_owned()
    };
    let mut found = BTreeSet::new();
    for file in &files {
        // Routes of a file's own tests are none of the console's.
        let text = file.split("#[cfg(test)]").next().unwrap_or_default();
        for part in text.split("resource(").skip(1) {
            let Some((argument, rest)) = part.split_once(')') else { continue };
            let is_route = rest.starts_with(".get(") || rest.starts_with(".post(");
            if !is_route {
                continue;
            }
            let path = match argument.strip_prefix('"') {
                Some(literal) => literal.trim_end_matches('"').to_owned(),
                None => constants(argument, file),
            };
            let statement = rest.split([';']).next().unwrap_or_default();
            let own = statement.split(".service(").next().unwrap_or_default();
            let own = own.split(".configure(").next().unwrap_or_default();
            for method in ["get", "post", "put", "delete", "patch"] {
                if own.contains(&format!(".{method}(")) {
                    found.insert((path.clone(), method.to_uppercase()));
                }
            }
        }
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the program's own files").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            collect(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "rs") && entry.file_name().is_none_or(|name| name != "tests.rs") {
            files.push(std::fs::read_to_string(&entry).expect("a file of the program"));
        }
    }
}

#[test]
fn the_list_of_routes_is_what_the_program_declares() {
    let listed: BTreeSet<(String, String)> =
        ROUTES.iter().flat_map(|(path, methods)| methods.iter().map(|method| ((*path).to_owned(), (*method).to_owned()))).collect();
    assert_eq!(listed, declared());
}
