//! What pages name exists: targets of the Makefile, and values of the chart.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    commands::{prompt, split},
    page::{Page, all},
    support,
};

/// Pages in which the path of a field such as `image.digest` is a value of the chart.
const ABOUT_VALUES: [&str; 3] = ["docs/install.md", "docs/upgrade.md", "docs/air-gap.md"];

/// The lines of a block that are commands. One that goes on in the next line is one command.
fn written(block: &str, is_transcript: bool) -> Vec<(usize, String)> {
    let (mut found, mut open) = (Vec::new(), None::<(usize, String)>);
    for (at, line) in block.lines().enumerate() {
        let (first, text) = match (open.take(), is_transcript) {
            (Some((first, before)), _) => (first, format!("{}\n{line}", before.trim_end_matches('\\'))),
            (None, false) => (at, line.to_owned()),
            (None, true) => match prompt(line) {
                Some(command) => (at, command.to_owned()),
                None => continue,
            },
        };
        if split(&text).is_some() {
            found.push((first, text));
        } else {
            open = Some((first, text));
        }
    }
    found
}

/// The simple commands of a page, in blocks and in sentences, as words, each with its line.
fn commands(page: &Page) -> Vec<(usize, Vec<String>)> {
    let mut texts = page.code.clone();
    for block in &page.blocks {
        if ["sh", "console"].contains(&block.language.as_str()) {
            let written = written(&block.text, block.language == "console").into_iter();
            texts.extend(written.map(|(at, text)| (block.line + 1 + at, text)));
        }
    }
    let mut found = Vec::new();
    for (line, text) in texts {
        for words in split(&text).unwrap_or_default() {
            // Variables may come first.
            found.push((line, words.into_iter().skip_while(|word| word.contains('=')).collect()));
        }
    }
    found
}

/// The words after the name of this program.
fn of<'a>(words: &'a [String], program: &str) -> &'a [String] {
    match words.split_first() {
        Some((first, rest)) if first == program => rest,
        _ => &[],
    }
}

/// The targets that the words after `make` name.
fn targets(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().map(String::as_str).filter(|word| !word.starts_with('-') && !word.contains(['=', '…', ' ']))
}

/// The targets of the Makefile.
fn known_targets() -> BTreeSet<String> {
    let file = support::read("Makefile");
    let named = file.lines().filter_map(|line| line.strip_prefix(".PHONY: "));
    named.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// The keys that the words after `helm` set.
fn keys(words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (flag, value) = word.split_once('=').map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)));
        if ["--set", "--set-string", "--set-json", "--set-file"].contains(&flag) {
            let pairs = value.or_else(|| words.next().map(String::as_str)).unwrap_or_default();
            found.extend(pairs.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())));
        }
    }
    found
}

/// Whether the schema of the chart's values has this key.
fn has_key(schema: &Value, key: &str) -> bool {
    let mut at = schema;
    for part in key.split('.') {
        if let Some(name) = at["$ref"].as_str().and_then(|name| name.strip_prefix("#/definitions/")) {
            at = &schema["definitions"][name];
        }
        match at["properties"].get(part) {
            Some(inner) => at = inner,
            // A map of people's own keys, or a list; below a text or a number there is nothing.
            None => {
                let is_open = at["properties"].is_null() && ["object", "array"].iter().any(|kind| at["type"] == *kind);
                return is_open || at["patternProperties"].is_object();
            }
        }
    }
    true
}

fn schema() -> Value {
    serde_json::from_str(&support::read("charts/trimtab/values.schema.json")).unwrap()
}

#[test]
fn every_target_of_make_that_pages_name_exists() {
    let known = known_targets();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in all() {
        for (line, words) in commands(&page) {
            for target in targets(of(&words, "make")) {
                seen += 1;
                if !known.contains(target) {
                    wrong.push(format!("{}: {}: the Makefile has no such target", page.at(line), words.join(" ")));
                }
            }
        }
    }
    assert!(seen >= 20, "only {seen} targets were found");
    assert!(wrong.is_empty(), "name one that `make` lists:\n{}", wrong.join("\n"));
}

#[test]
fn every_value_of_the_chart_that_pages_name_exists() {
    let schema = schema();
    let is_path = |code: &str| code.contains('.') && code.chars().all(|c| c.is_ascii_alphabetic() || c == '.');
    let begins = |code: &str| code.split('.').next().is_some_and(|first| !schema["properties"][first].is_null());
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in all() {
        let mut named: Vec<(usize, String)> = Vec::new();
        for (line, words) in commands(&page) {
            named.extend(keys(of(&words, "helm")).into_iter().map(|key| (line, key)));
        }
        if ABOUT_VALUES.contains(&page.path.as_str()) {
            named.extend(page.code.iter().filter(|(_, code)| is_path(code) && begins(code)).cloned());
        }
        seen += named.len();
        let unknown = named.into_iter().filter(|(_, key)| !has_key(&schema, key));
        wrong.extend(unknown.map(|(line, key)| format!("{}: the chart has no value {key}", page.at(line))));
    }
    assert!(seen >= 15, "only {seen} values were found");
    assert!(wrong.is_empty(), "name one of charts/trimtab/values.yaml:\n{}", wrong.join("\n"));
}

/// `kubectl logs deploy/NAME` shows one pod, of two perhaps the one that only waits.
#[test]
fn logs_are_asked_of_every_instance() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in all() {
        for (line, words) in commands(&page) {
            let rest = of(&words, "kubectl");
            let is_ours = rest.iter().any(|word| word == "trimtab-system");
            if !is_ours || !rest.iter().any(|word| word == "logs") {
                continue;
            }
            seen += 1;
            let has = |wanted: &str| rest.iter().any(|word| word.starts_with(wanted));
            // With a selector, kubectl shows ten lines of each pod unless it is told how many.
            if !(has("app.kubernetes.io/name=trimtab") && has("--tail=") && has("--prefix")) {
                wrong.push(format!("{}: {}", page.at(line), words.join(" ")));
            }
        }
    }
    assert!(seen >= 10, "only {seen} commands were found");
    assert!(
        wrong.is_empty(),
        "use -l app.kubernetes.io/name=trimtab --tail=LINES --prefix, with -1 for all lines:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn names_are_read_from_commands() {
    let text = "\
`make a-b`
```sh
A=1 make b C='d e' -j2 f && make g   # make h
helm install x \\
  --set a.b=1,c=2 \\
  --set-string=d=3
```
```console
$ make i
make: it isn't a command
$ make k
```
";
    let page = Page::of("x.md", text);
    let (mut make, mut helm) = (Vec::new(), Vec::new());
    for (line, words) in commands(&page) {
        make.extend(targets(of(&words, "make")).map(|target| (line, target.to_owned())));
        helm.extend(keys(of(&words, "helm")).into_iter().map(|key| (line, key)));
    }
    let expected = [(1, "a-b"), (3, "b"), (3, "f"), (3, "g"), (9, "i"), (11, "k")];
    assert_eq!(make, expected.map(|(line, target)| (line, target.to_owned())));
    assert_eq!(helm, ["a.b", "c", "d"].map(|key| (4, key.to_owned())));
    let schema = schema();
    for (key, expected) in [
        ("image.digest", true),
        ("image.digset", false),
        ("image.digest.sha256", false),
        ("features", true),
        ("feature.resize", false),
        ("podLabels.team", true),
        ("networkPolicy.prometheus.namespaceSelector", true),
        ("networkPolicy.prometheus.selector", false),
    ] {
        assert_eq!(has_key(&schema, key), expected, "{key}");
    }
    assert!(known_targets().contains("test-rust") && !known_targets().contains("tests"));
}
