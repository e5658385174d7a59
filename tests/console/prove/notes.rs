//! Are keys, notes and checkpoints those of the published formats, and is each bad one refused in words of its own?

use nexus_console::audit::seal::{
    checkpoint::{Chain, Checkpoint, CheckpointError, notes},
    key::{PublicKey, Signer},
};

use super::{FIRST, SECOND, signer};

/// From the documentation of Go's golang.org/x/mod/sumdb/note: names, seeds of the private keys, public keys.
const OF_GO: [(&str, &str, &str); 2] = [
    (
        "PeterNeumann",
        // PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz without its first byte, the algorithm.
        "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ),
    (
        "EnochRoot",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
    ),
];

/// A checkpoint that Go's own log signed, from the description of the format, and the key that every Go tool has.
const OF_SUM_GOLANG_ORG: (&str, &str) = (
    "go.sum database tree\n\
     20852163\n\
     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
     \n\
     \u{2014} sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n",
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
);

#[test]
fn keys_are_those_of_the_published_vectors() {
    for (name, seed, public) in OF_GO {
        let keys = Signer::listed(seed).expect("a key").public(name);
        assert_eq!(keys.iter().map(ToString::to_string).collect::<Vec<_>>(), [public]);
        let read: PublicKey = public.parse().expect("a public key");
        assert_eq!((read.origin(), format!("{:08x}", read.id())), (name, public.split('+').nth(1).expect("an id").to_owned()));
    }
    for wrong in ["PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann+c74f20a3+", "", "nothing"] {
        wrong.parse::<PublicKey>().expect_err(wrong);
    }
}

#[test]
fn a_checkpoint_of_another_implementation_is_read_and_believed_by_its_own_key_alone() {
    let (note, key) = OF_SUM_GOLANG_ORG;
    let checkpoint = Checkpoint::read(note.as_bytes()).expect("a checkpoint");
    assert_eq!((checkpoint.size, checkpoint.root_text().as_str()), (20_852_163, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="));
    let key: PublicKey = key.parse().expect("a key");
    assert_eq!(checkpoint.signed_by_any(std::slice::from_ref(&key)), Ok(0x033d_e0ae));
    let edited = note.replace("20852163", "20852164");
    let edited = Checkpoint::read(edited.as_bytes()).expect("it reads");
    assert!(matches!(edited.signed_by_any(&[key]), Err(CheckpointError::WrongSignature { .. })));
    assert!(matches!(checkpoint.signed_by_any(&signer(FIRST).public("sum.golang.org")), Err(CheckpointError::UnknownKey { .. })));
}

#[test]
fn what_is_wrong_with_a_checkpoint_is_said_in_words_of_its_own() {
    let keys = signer(FIRST);
    let checkpoint = Checkpoint::next(&keys, None, 7, [7; 32]).expect("signed");
    let (origin, note) = (checkpoint.origin.as_str(), checkpoint.note());
    let known = keys.public(origin);
    assert_eq!(Checkpoint::open(note.as_bytes(), origin, &known), Ok(checkpoint.clone()));
    assert!(origin.starts_with("nexus-console/") && note.starts_with(&format!("{origin}\n7\n")), "{note}");

    let other = Checkpoint::next(&keys, None, 7, [7; 32]).expect("signed");
    let impostor = Checkpoint::next(&signer(SECOND), Some(&checkpoint), 7, [7; 32]).expect("signed");
    // Another key under the number of ours: whoever reads only numbers takes it for ours.
    let forged = note.replace(&note[note.len() - 20..note.len() - 3], "AAAAAAAAAAAAAAAAA");
    let signature = note.lines().last().expect("a signature");
    let cases: [(&str, String, &str); 12] = [
        ("of another log", other.note().to_owned(), "is of another log"),
        ("a wrong signature", forged, "is wrong: the text was changed after it was signed"),
        ("another size under the signature", note.replacen("\n7\n", "\n8\n", 1), "is wrong: the text was changed after it was signed"),
        ("an unknown key", impostor.note().to_owned(), "signed by a key nobody vouches for"),
        ("cut before the signature", note[..origin.len() + 30].to_owned(), "cut short: it ends before its signature"),
        ("cut behind the text", note.replace(&format!("\n{signature}\n"), ""), "cut short: it ends before its signature"),
        ("cut within the signature", note[..note.len() - 9].to_owned(), "cut short: its last line has no end"),
        ("no checkpoint at all", "Dear auditor,\n\nall is well.\n".to_owned(), "this is no checkpoint"),
        ("a size with a zero in front", note.replacen("\n7\n", "\n07\n", 1), "this is no checkpoint: its text is not"),
        ("a root that is none", note.replacen("BwcH", "....", 1), "this is no checkpoint: its text is not"),
        ("a key that is none", note.replacen("\n\n", "\nnext-key nothing\n\n", 1), "announces something that is no key"),
        ("empty", String::new(), "cut short"),
    ];
    for (name, text, words) in &cases {
        let said = Checkpoint::open(text.as_bytes(), origin, &known).expect_err(name).to_string();
        assert!(said.contains(words), "{name}: {said}");
    }
    assert!(matches!(Checkpoint::read(b"\xff\n1\n\n"), Err(CheckpointError::Malformed(_))));
    assert_eq!(checkpoint.fits_into(7), Ok(()));
    assert_eq!(
        checkpoint.fits_into(6).expect_err("cut").to_string(),
        "the checkpoint is of a newer log than this one: it counts 7 entries, and only 6 are here"
    );
}

#[test]
fn a_file_of_many_checkpoints_is_all_of_them_and_a_torn_one_is_told() {
    let keys = signer(FIRST);
    let first = Checkpoint::next(&keys, None, 1, [1; 32]).expect("signed");
    let second = Checkpoint::next(&keys, Some(&first), 2, [2; 32]).expect("signed");
    let file = [first.note(), "\n", second.note()].concat();
    assert_eq!(notes(&file), [first.note(), second.note()]);
    assert_eq!(notes(&[&file, "\n"].concat()).len(), 2);
    let torn = &file[..file.len() - 30];
    let parts = notes(torn);
    assert_eq!((parts.len(), parts[0]), (2, first.note()));
    assert!(matches!(Checkpoint::read(parts[1].as_bytes()), Err(CheckpointError::Truncated(_))));
}

#[test]
fn a_new_key_is_announced_by_the_one_before_it_and_by_no_other() {
    let grow = |keys: &str, last: &Checkpoint| Checkpoint::next(&signer(keys), Some(last), last.size + 1, [9; 32]).expect("signed");
    let begun = Checkpoint::next(&signer(FIRST), None, 1, [1; 32]).expect("signed");
    let origin = begun.origin.clone();
    let both = [SECOND, ",", FIRST].concat();
    let key = |keys: &str| signer(keys).public(&origin).remove(0);
    let (announcing, then) = (grow(&both, &begun), None);
    assert_eq!(announcing.announced, Some(key(SECOND)));
    assert_eq!(announcing.signed_by_any(&[key(FIRST)]), Ok(key(FIRST).id()), "by the old key");
    let after = grow(&both, &announcing);
    assert_eq!((after.signed_by_any(&[key(SECOND)]), &after.announced), (Ok(key(SECOND).id()), &then), "by the new one, once");
    let later = grow(SECOND, &after);

    let mut chain = Chain::beginning_with(&origin, vec![key(FIRST)]);
    for note in [&begun, &announcing, &after, &later] {
        chain.follow(note.note().as_bytes()).expect("each is vouched for by the one before");
    }
    let mut skipping = Chain::beginning_with(&origin, vec![key(FIRST)]);
    assert!(matches!(skipping.follow(after.note().as_bytes()), Err(CheckpointError::UnknownKey { .. })));
    // A key that was never announced is not believed because it stands where one could be.
    let stolen = grow(super::THIRD, &later);
    assert!(matches!(chain.follow(stolen.note().as_bytes()), Err(CheckpointError::UnknownKey { .. })));
    let longer = [super::THIRD, ",", SECOND, ",", FIRST].concat();
    assert_eq!(grow(&longer, &begun).announced, Some(key(super::THIRD)), "over one that never signed");
}
