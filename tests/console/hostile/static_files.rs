//! Does any spelling of a path lead out of the files that are meant to be read?

use super::{
    super::support::{console, staffed_database},
    stands,
    wire::say,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_to_a_file_that_is_none_of_ours() {
    let console = console(staffed_database().await).await;
    let secret = console.data_dir.join("stderr");
    let targets = ["etc/passwd", "Cargo.toml", "proc/self/environ", secret.to_str().expect("a path").trim_start_matches('/')];
    let ups = [
        "../../../../../../../../",
        "..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/",
        "%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2f",
        "%252e%252e%252f%252e%252e%252f%252e%252e%252f",
        "..\\..\\..\\..\\..\\..\\",
        "..%5c..%5c..%5c..%5c",
        "....//....//....//",
        "..;/..;/..;/",
        "%c0%ae%c0%ae/%c0%ae%c0%ae/",
        "./././",
        "//",
        "/",
        "%2f",
        "app.css/../../",
        "app.css%00/../../",
        "js/../../",
        "",
    ];
    let mut asked = 0;
    for start in ["/static/", "/static", "/", "//", "/health/../static/", "/tables/../static/"] {
        for up in ups {
            for target in targets {
                for end in ["", "%00.css"] {
                    asked += 1;
                    let request = format!("GET {start}{up}{target}{end} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                    let answer = say(&console.address, request.as_bytes()).await;
                    let status = answer.statuses.first().copied().unwrap_or_default();
                    assert!([0, 303, 400, 404, 405].contains(&status), "{request}{status}");
                    let text = String::from_utf8_lossy(&answer.bytes);
                    for told in ["root:", "[package]", "DATABASE_URL", "NEXUS_SECRET_KEY", "listening on"] {
                        assert!(!text.contains(told), "{request}tells {told}");
                    }
                }
            }
        }
    }
    assert!(asked > 800, "{asked}");
    stands(&console).await;
}
