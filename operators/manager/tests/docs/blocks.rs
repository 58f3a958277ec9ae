//! Blocks of code: each has a language, and a block of commands says by which test it is run, or why it is not.
//!
//! The mark is a comment on the line before: `<!-- not run: REASON -->`, or `<!-- run by: FILE, FILE -->`, where each file names the
//! page, or itself if it finds its blocks by their mark.

use crate::{
    commands::prompt,
    page::{Block, Page, all},
    support,
};

/// Languages that a block may have. The first two are commands: alone, and after a prompt with what they print.
const LANGUAGES: [&str; 6] = ["sh", "console", "yaml", "json", "promql", "text"];
/// Programs by whose name one knows a line of commands.
const PROGRAMS: [&str; 5] = ["kubectl ", "helm ", "make ", "cargo ", "$ "];

/// What is wrong with the mark of a block of commands; `read` returns the text of a file.
fn mark_fault(page: &str, mark: Option<&str>, read: impl Fn(&str) -> Option<String>) -> Option<String> {
    let Some(mark) = mark else {
        return Some("say on the line before it <!-- run by: FILE --> or <!-- not run: REASON -->".to_owned());
    };
    if let Some(reason) = mark.strip_prefix("not run:") {
        return reason.trim().is_empty().then(|| "say why it is not run".to_owned());
    }
    let Some(files) = mark.strip_prefix("run by:") else {
        return Some(format!("the comment before it is neither `run by:` nor `not run:`, but {mark:?}"));
    };
    files.split(',').map(str::trim).find_map(|file| match read(file) {
        None => Some(format!("{file}, which should run it, does not exist")),
        Some(text) if text.contains(page) || text.contains(file) => None,
        Some(_) => Some(format!("{file} neither names {page} nor looks for blocks with this mark: does it run it?")),
    })
}

/// What is wrong with a block.
fn fault(page: &str, block: &Block, read: impl Fn(&str) -> Option<String>) -> Option<String> {
    let language = block.language.as_str();
    if !LANGUAGES.contains(&language) {
        return Some(format!("its language is {language:?}: it has to be one of {}", LANGUAGES.join(", ")));
    }
    if !block.whole {
        return Some("it has to begin in the first column and to end with ```, where other tests look".to_owned());
    }
    let prompts = block.text.lines().any(|line| prompt(line).is_some());
    match language {
        "sh" if prompts => Some("it has prompts: call it console".to_owned()),
        "console" if !prompts => Some("it has no prompt ($ ): call it sh, or text".to_owned()),
        "sh" | "console" => mark_fault(page, block.mark.as_deref(), read),
        "text" => {
            let line = block.text.lines().find(|line| PROGRAMS.iter().any(|program| line.starts_with(program)));
            line.map(|line| format!("it has a command ({line}): call it sh or console"))
        }
        _ => None,
    }
}

#[test]
fn blocks_have_a_language_and_commands_say_who_runs_them() {
    let read = |file: &str| std::fs::read_to_string(support::root().join(file)).ok();
    let (mut wrong, mut commands) = (Vec::new(), 0);
    for page in all() {
        for block in &page.blocks {
            commands += usize::from(["sh", "console"].contains(&block.language.as_str()));
            let said = fault(&page.path, block, read);
            wrong.extend(said.map(|said| format!("{}: this block: {said}", page.at(block.line))));
        }
    }
    assert!(commands >= 100, "only {commands} blocks of commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_wrong_with_a_block_is_found() {
    let read = |file: &str| match file {
        "a.rs" => Some("as docs/x.md says".to_owned()),
        "b.rs" => Some("runs what is marked with b.rs".to_owned()),
        "c.rs" => Some("something else".to_owned()),
        _ => None,
    };
    for (block, expected) in [
        ("<!-- run by: a.rs -->\n```sh\nmake\n```", ""),
        ("<!-- run by: a.rs, b.rs -->\n```sh\nmake\n```", ""),
        ("<!-- run by: a.rs, c.rs -->\n```sh\nmake\n```", "c.rs neither names docs/x.md"),
        ("<!-- run by: d.rs -->\n```sh\nmake\n```", "d.rs, which should run it, does not exist"),
        ("<!-- not run: it takes a day -->\n```console\nada$ make\ndone\n```", ""),
        ("<!-- not run: -->\n```sh\nmake\n```", "say why"),
        ("<!-- seen -->\n```sh\nmake\n```", "the comment before it is neither"),
        ("<!-- not run: too far away -->\n\n```sh\nmake\n```", "say on the line before it"),
        ("```sh\n$ make\n```", "it has prompts"),
        ("```console\nmake\n```", "it has no prompt"),
        ("```\nmake\n```", "its language is \"\""),
        ("```bash\nmake\n```", "its language is \"bash\""),
        ("    make", "its language is \"\""),
        ("```text\nit prints this\n```", ""),
        ("```text\nmake test\n```", "it has a command (make test)"),
        ("- a\n\n  ```yaml\n  a: 1\n  ```", "it has to begin in the first column"),
        ("```yaml\na: 1\n", "it has to begin in the first column and to end with"),
    ] {
        let page = Page::of("docs/x.md", block);
        let [block] = page.blocks.as_slice() else { panic!("{block}: {:?}", page.blocks) };
        let found = fault("docs/x.md", block, read).unwrap_or_default();
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{block:?}: {found}");
    }
}
