//! Where do two JSON documents differ, path by path?

use serde_json::Value as Json;

/// One place of a document; nothing on a side where it was added or removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Place<'d> {
    /// "limits › daily", "[2]"; empty where the documents are no objects or lists.
    pub path: String,
    pub before: Option<&'d Json>,
    pub after: Option<&'d Json>,
}

/// As many places as one entry tells of.
pub const MOST: usize = 40;
/// So deep nobody writes a document by hand; below, the parts are compared as wholes.
const DEEPEST: usize = 16;

/// The places in which two documents differ, in the documents' order, at most one more than [`MOST`].
pub fn places<'d>(before: &'d Json, after: &'d Json) -> Vec<Place<'d>> {
    let mut found = Vec::new();
    compare(&mut found, String::new(), before, after, 0);
    found
}

fn compare<'d>(found: &mut Vec<Place<'d>>, path: String, before: &'d Json, after: &'d Json, depth: usize) {
    if before == after || found.len() > MOST {
        return;
    }
    match (before, after) {
        (Json::Object(old), Json::Object(new)) if depth < DEEPEST => {
            for (name, value) in old {
                match new.get(name) {
                    Some(other) => compare(found, within(&path, name), value, other, depth + 1),
                    None => keep(found, Place { path: within(&path, name), before: Some(value), after: None }),
                }
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                keep(found, Place { path: within(&path, name), before: None, after: Some(value) });
            }
        }
        (Json::Array(old), Json::Array(new)) if depth < DEEPEST => lists(found, &path, old, new, depth),
        _ => keep(found, Place { path, before: Some(before), after: Some(after) }),
    }
}

/// What lists have in common at their ends stays; between, members are compared in pairs, then those left over.
fn lists<'d>(found: &mut Vec<Place<'d>>, path: &str, old: &'d [Json], new: &'d [Json], depth: usize) {
    let front = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (&old[front..], &new[front..]);
    let back = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (removed, added) = (&old_rest[..old_rest.len() - back], &new_rest[..new_rest.len() - back]);
    let pairs = removed.len().min(added.len());
    for (place, (one, other)) in removed.iter().zip(added).enumerate() {
        compare(found, format!("{path}[{}]", front + place), one, other, depth + 1);
    }
    for (place, value) in removed.iter().enumerate().skip(pairs) {
        keep(found, Place { path: format!("{path}[{}]", front + place), before: Some(value), after: None });
    }
    for (place, value) in added.iter().enumerate().skip(pairs) {
        keep(found, Place { path: format!("{path}[{}]", front + place), before: None, after: Some(value) });
    }
}

fn keep<'d>(found: &mut Vec<Place<'d>>, place: Place<'d>) {
    if found.len() <= MOST {
        found.push(place);
    }
}

fn within(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path} › {name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: &Json, after: &Json) -> Vec<String> {
        let side = |value: Option<&Json>| value.map_or_else(|| "-".to_owned(), Json::to_string);
        places(before, after).iter().map(|place| format!("{}: {} > {}", place.path, side(place.before), side(place.after))).collect()
    }

    #[test]
    fn only_what_differs_is_told_and_where() {
        let before = json!({ "a": 1, "limits": { "daily": 10, "deep": { "x": [1, 2, 3] } }, "gone": null });
        let after = json!({ "a": 1, "limits": { "daily": 12, "deep": { "x": [1, 9, 3, 4] } }, "new": true });
        let expected =
            ["gone: null > -", "limits › daily: 10 > 12", "limits › deep › x[1]: 2 > 9", "limits › deep › x[3]: - > 4", "new: - > true"];
        assert_eq!(told(&before, &after), expected);
        assert_eq!(told(&json!([1, 2, 3]), &json!([1, 3])), ["[1]: 2 > -"]);
        assert_eq!(told(&json!("x"), &json!({})), [": \"x\" > {}"]);
        assert!(told(&before, &before).is_empty());
    }

    #[test]
    fn a_monster_is_told_in_part() {
        let many = |value: u32| Json::Array((0..1_000).map(|_| json!({ "v": value })).collect());
        assert_eq!(places(&many(1), &many(2)).len(), MOST + 1);
        let deep = |value: u32| (0..500).fold(json!(value), |inner, _| json!([inner]));
        assert_eq!(places(&deep(1), &deep(2)).len(), 1);
    }
}
