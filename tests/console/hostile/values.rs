//! Which values could something on the way choke on, and what kind of trouble is each?

/// The kinds of trouble. Values are shared out by kind: a field meets one of every kind, or of some where another test
/// has tried all of them, and all values of a kind are met by some field or other.
pub fn classes() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    vec![
        ("nothing", texts(&["", " ", "\t\n"])),
        (
            "bytes",
            vec![
                b"a\0b".to_vec(),
                b"\0".to_vec(),
                b"%00".to_vec(),
                b"caf\xe9 \xff\xfe".to_vec(),
                b"\xed\xa0\x80".to_vec(),
                b"\xed\xb0\x80x".to_vec(),
            ],
        ),
        (
            "mark-up",
            texts(&[
                "<script>alert(1)</script>",
                "\"><img src=x onerror=alert(1)>",
                "'><b>{{7*7}}${7*7}<%= 7*7 %>",
                "</textarea></title><script>alert(2)</script>",
            ]),
        ),
        (
            "statements",
            texts(&["'; DROP TABLE users; --", "\\'; SELECT pg_sleep(9) --", "=cmd|' /C calc'!A0", "@SUM(1+1)", "$1", "../../etc/passwd"]),
        ),
        (
            "letters",
            texts(&[
                "\u{202e}\u{2066}\u{feff}שלום",
                "e\u{301}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
                "\u{1f600}".repeat(255).as_str(),
                "ﷺ\u{0}\u{2028}",
            ]),
        ),
        (
            "numbers",
            texts(&[
                "99999999999999999999999999999999999999",
                "-1",
                "0.001",
                "1e999",
                "1E+5",
                "NaN",
                "infinity",
                "-infinity",
                "9.9900000000000000000000000001",
                "9223372036854775808",
            ]),
        ),
        ("times", texts(&["9999999-01-01", "2026-02-30", "0000-00-00", "294277-01-01T00:00:00Z", "2026-03-29 02:30", "-4713-01-01"])),
        (
            "names",
            texts(&[
                "00000000-0000-0000-0000-000000000000",
                "01935e0a-7c41-7b1e-9f02-4d8a6611c3e7",
                "true",
                "null",
                "A-stranger-manager2",
                "ledger",
                "admin",
                "//evil.example/",
            ]),
        ),
        ("documents", documents()),
        ("length", vec![b"x".repeat(300), b"z".repeat(65_536), "y\r\n".repeat(60_000).into_bytes(), b"9".repeat(20_000)]),
    ]
}

fn documents() -> Vec<Vec<u8>> {
    let mut documents: Vec<Vec<u8>> =
        ["[1,2,3]", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "\"\\ud800\"", "{\"a\""].map(|text| text.as_bytes().to_vec()).to_vec();
    documents.push([vec![b'['; 10_000], vec![b']'; 10_000]].concat());
    documents.push(["{\"a\":".repeat(10_000).into_bytes(), b"1".to_vec(), vec![b'}'; 10_000]].concat());
    // A number of more digits behind the point than the database keeps.
    documents.push(format!("{{\"n\":0.{}1}}", "0".repeat(17_000)).into_bytes());
    documents.push(format!("{{\"n\":1e{}}}", "9".repeat(40)).into_bytes());
    documents
}

/// All of them.
pub fn all() -> Vec<Vec<u8>> {
    classes().into_iter().flat_map(|(_, values)| values).collect()
}

/// One of every kind; which one turns with `turn`.
pub fn one_of_each(turn: usize) -> Vec<Vec<u8>> {
    some_kinds(turn, usize::MAX)
}

/// One value of each of so many kinds. Both the kinds and the values turn with `turn`, so that ten neighbours meet all.
pub fn some_kinds(turn: usize, kinds: usize) -> Vec<Vec<u8>> {
    let classes = classes();
    let of_class = |index: usize| {
        let values = &classes[(index + turn * kinds.min(classes.len())) % classes.len()].1;
        values[turn % values.len()].clone()
    };
    (0..classes.len().min(kinds)).map(of_class).collect()
}

/// Short enough for an address, escaped.
pub fn escaped(value: &[u8]) -> Option<String> {
    (value.len() <= 2_000).then(|| form_urlencoded::byte_serialize(value).collect())
}
