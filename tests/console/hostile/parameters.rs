//! Does any route break over its own address: what stands in the path, behind the question mark, or as its method?

use futures_util::future::join_all;

use super::{
    super::support::{console, routes, stock, stocked_database},
    faults, stands,
    values::{escaped, one_of_each, some_kinds},
};

/// Every name that some page reads, and some that none does.
const NAMES: [&str; 22] = [
    "return",
    "from",
    "copy",
    "after",
    "before",
    "next",
    "column",
    "q",
    "tab",
    "sort",
    "limit",
    "columns",
    "tz",
    "source",
    "all",
    "page",
    "status",
    "user_id.find",
    "amount.min",
    "created_at.from",
    "id",
    "__proto__[x]",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_parameter_of_any_route_breaks_it() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let ask = async |place: usize, path: &str| {
        let mut wrong = Vec::new();
        let mut asked = 0;
        let addresses = routes::filled(path, "admin", "01935e0a-7c41-7b1e-9f02-4d8a6611c3e7");
        for (index, name) in NAMES.iter().enumerate() {
            // Tables take turns: each route is asked with each name, and each value by some route.
            let address = &addresses[(index + place) % addresses.len()];
            for value in some_kinds(place + index, 3).iter().filter_map(|value| escaped(value)) {
                let address = format!("{address}?{name}={value}");
                wrong.extend(faults(&admin.get(&address).await).into_iter().map(|fault| format!("{address:.200}: {fault}")));
                asked += 1;
            }
        }
        (asked, wrong)
    };
    let readable: Vec<&str> = routes::ROUTES.iter().filter(|(_, methods)| methods.contains(&"GET")).map(|(path, _)| *path).collect();
    let asked = join_all(readable.iter().enumerate().map(|(place, path)| ask(place, path))).await;
    let count: usize = asked.iter().map(|(count, _)| count).sum();
    let wrong: Vec<String> = asked.into_iter().flat_map(|(_, wrong)| wrong).take(40).collect();
    assert!(wrong.is_empty(), "of {count}\n{}", wrong.join("\n"));
    assert!(count > 1_000, "{count}");
    stands(&console).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_of_any_path_breaks_a_route() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let token = admin.get("/account").await.value("csrf_token").expect("a token");
    let mut wrong = Vec::new();
    for (place, (path, methods)) in routes::ROUTES.iter().enumerate() {
        let parts: Vec<&str> = path.split('/').filter(|part| part.starts_with('{')).collect();
        for (turn, part) in parts.iter().enumerate() {
            for value in one_of_each(place + turn).iter().filter_map(|value| escaped(value)) {
                // A form's plus is a space; a path's is itself.
                let address = path.replace(part, &value.replace('+', "%20"));
                let address = routes::filled(&address, "admin", &stock::of("accounts", "admin")).swap_remove(0);
                for method in *methods {
                    let answer = match *method {
                        "POST" => admin.post_with(&address, &token, &[("decision", "run")]).await,
                        _ => admin.get(&address).await,
                    };
                    wrong.extend(faults(&answer).into_iter().map(|fault| format!("{method} {address:.200}: {fault}")));
                }
            }
        }
    }
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stands(&console).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_route_has_not_is_refused_and_changes_nothing() {
    let console = console(stocked_database().await).await;
    let admin = console.signed_in("admin").await;
    let cookies: Vec<String> = admin.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut wrong = Vec::new();
    for (path, methods) in routes::ROUTES {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "GET", "POST"] {
            if methods.contains(&method) {
                continue;
            }
            let address = routes::filled(path, "admin", &stock::of("accounts", "admin")).swap_remove(0);
            let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
            let request = client.request(method.clone(), format!("{}{address}", console.address)).header("cookie", cookies.join("; "));
            let status = request.send().await.expect("an answer").status().as_u16();
            if !(400..500).contains(&status) {
                wrong.push(format!("{method} {address}: {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stands(&console).await;
}
