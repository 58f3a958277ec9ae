//! Every input of every corpus in `fuzz/corpus`, and mutations of it, for each target: whatever a fuzzer has found stays mended.
//! `FUZZ_MUTATIONS=10000` tries more of them. The mutations of a file are the same in each run, as long as the corpus is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mutations;

use std::{
    collections::BTreeSet,
    fs,
    panic::{catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fastrand::Rng;
use mutations::{dictionary, mutated};
use trimtab_fuzz_targets::{TARGETS, Target};

/// No input takes so long, not even on a busy machine: it would hang in a cluster.
const LONGEST: Duration = Duration::from_secs(20);

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("fuzz")
}

/// The files of a directory with their names, in order of these.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        })
        .collect();
    files.sort();
    files
}

/// Gives the target one input. One that breaks a property is written to a file, to be put into the corpus.
fn give(target: &Target, what: &str, input: &[u8]) {
    let began = Instant::now();
    if let Err(why) = catch_unwind(|| (target.check)(input)) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-{}", target.name));
        fs::write(&kept, input).unwrap();
        eprintln!("{what} breaks a property: the input is in {}; see CONTRIBUTING.md", kept.display());
        resume_unwind(why);
    }
    assert!(began.elapsed() < LONGEST, "{what} took {:?}", began.elapsed());
}

/// Gives a target all files of its corpus, then the mutations of each.
fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = files(&fuzz().join("corpus").join(name));
    assert!(corpus.len() >= 10, "fuzz/corpus/{name} has only {} files", corpus.len());
    for (file, input) in &corpus {
        give(target, &format!("fuzz/corpus/{name}/{file}"), input);
    }
    let words = dictionary(&fs::read_to_string(fuzz().join(format!("dictionaries/{name}.dict"))).unwrap());
    let asked = std::env::var("FUZZ_MUTATIONS").ok().map(|text| text.parse().unwrap());
    for (file, input) in &corpus {
        // Of the name, so that a new file changes as little as possible for the others.
        let seed = file.bytes().fold(0_u64, |seed, b| seed.wrapping_mul(31).wrapping_add(b.into()));
        let mut random = Rng::with_seed(seed);
        for n in 0..asked.unwrap_or(target.mutations) {
            let (_, other) = &corpus[random.usize(..corpus.len())];
            let input = mutated(input, other, &words, &mut random);
            give(target, &format!("mutation {n} of fuzz/corpus/{name}/{file}"), &input);
        }
    }
}

macro_rules! replayed {
    ($($name:ident)*) => {
        /// The targets with a test.
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*
    };
}

replayed! { durations price_books prometheus_answers quantities recorded_series }

/// The names in a directory of `fuzz`, without this ending.
fn names(directory: &str, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz().join(directory)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.strip_suffix(ending).unwrap_or_else(|| panic!("{directory}/{name}")).to_owned()).collect()
}

#[test]
fn every_target_has_a_program_a_corpus_a_dictionary_and_a_test() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(REPLAYED.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), targets);
    assert_eq!(names("fuzz_targets", ".rs"), targets);
    assert_eq!(names("corpus", ""), targets);
    assert_eq!(names("dictionaries", ".dict"), targets);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
    for name in &targets {
        let program = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&program), "fuzz/Cargo.toml has no program {name}");
        let text = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        let call = format!("fuzz_target!(|data: &[u8]| trimtab_fuzz_targets::{name}(data));");
        assert!(text.contains(&call), "fuzz/fuzz_targets/{name}.rs calls another function");
    }
}

#[test]
fn a_dictionary_is_read_as_libfuzzer_reads_it() {
    let text = "# a comment\n\nplain=\"Ki\"\n\"bare\"\nquoted=\"a\\\"b\\\\c\"\nbytes=\"\\x00\\xEF\"\n";
    let words: [&[u8]; 4] = [b"Ki", b"bare", b"a\"b\\c", b"\x00\xef"];
    assert_eq!(dictionary(text), words);
}

#[test]
fn mutations_are_the_same_for_the_same_seed_and_differ_from_their_input() {
    let words = vec![b"word".to_vec()];
    let all = |seed| {
        let mut random = Rng::with_seed(seed);
        (0..100).map(|_| mutated(b"250m", b"1Gi", &words, &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
    assert!(all(1).iter().collect::<BTreeSet<_>>().len() > 50);
}
