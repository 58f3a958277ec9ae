//! A page of the documentation as its readers see it.
//!
//! In: Markdown. Out: its links, the anchors of its headings, its blocks and its code, each with its line. Pages are all Markdown
//! files of the repository.

use std::collections::BTreeSet;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::support;

/// A block of code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    /// What follows the fence; empty where there is nothing, or no fence.
    pub language: String,
    /// What is in it.
    pub text: String,
    /// The comment on the line before, without `<!--` and `-->`.
    pub mark: Option<String>,
    /// Whether it begins in the first column and ends with a fence, where every test finds it.
    pub whole: bool,
}

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    /// Its path from the root of the repository.
    pub path: String,
    /// Where links lead, each with its line.
    pub links: Vec<(usize, String)>,
    /// The anchors of its headings, as GitHub makes them.
    pub anchors: BTreeSet<String>,
    /// Its blocks of code.
    pub blocks: Vec<Block>,
    /// Code in sentences, each with its line.
    pub code: Vec<(usize, String)>,
}

impl Page {
    /// Reads a page.
    pub fn of(path: &str, text: &str) -> Self {
        let mut page = Self { path: path.to_owned(), ..Self::default() };
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let (mut heading, mut block) = (None::<String>, None::<Block>);
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.anchor(&heading.take().unwrap_or_default()),
                Event::Start(Tag::CodeBlock(kind)) => block = Some(begun(&kind, text, range.start, range.end)),
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push((line(range.start), dest_url.into_string()));
                }
                Event::Text(words) => match (&mut block, &mut heading) {
                    (Some(block), _) => block.text.push_str(&words),
                    (None, Some(heading)) => heading.push_str(&words),
                    (None, None) => {}
                },
                Event::Code(words) => {
                    page.code.push((line(range.start), words.to_string()));
                    heading.iter_mut().for_each(|heading| heading.push_str(&words));
                }
                _ => {}
            }
        }
        page
    }

    /// Adds the anchor of a heading. A second heading of the same words gets a number.
    fn anchor(&mut self, heading: &str) {
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let numbered = (1..).map(|n| format!("{anchor}-{n}"));
        let free = std::iter::once(anchor.clone()).chain(numbered).find(|name| !self.anchors.contains(name));
        self.anchors.extend(free);
    }

    /// Its path with a line, as in `docs/approval.md:7`.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// A block that begins at an offset.
fn begun(kind: &CodeBlockKind<'_>, text: &str, start: usize, end: usize) -> Block {
    let before = &text[..start];
    let language = match kind {
        CodeBlockKind::Fenced(language) => language.to_string(),
        CodeBlockKind::Indented => String::new(),
    };
    let lines_before = before.trim_end_matches([' ', '\t']).strip_suffix('\n').unwrap_or_default();
    let line_before = lines_before.rsplit('\n').next().unwrap_or_default().trim();
    let mark = line_before.strip_prefix("<!--").and_then(|line| line.strip_suffix("-->"));
    let fenced = text[start..end].trim_end().lines().next_back().is_some_and(|line| line == "```");
    Block {
        line: before.matches('\n').count() + 1,
        language,
        text: String::new(),
        mark: mark.map(|mark| mark.trim().to_owned()),
        whole: fenced && (before.is_empty() || before.ends_with('\n')),
    }
}

/// Every page of the repository.
pub fn all() -> Vec<Page> {
    let mut files = support::files(&["docs", "examples", "policies", "charts", "e2e", "operators"], "md");
    for path in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        files.push((path.to_owned(), support::read(path)));
    }
    files.iter().map(|(path, text)| Page::of(path, text)).collect()
}

#[test]
fn a_page_is_read_as_people_see_it() {
    let text = "\
# What it is: `a` & [b](c.md#d)

See [one](one.md), `make test`.

## Limits
## Limits

<!-- not run: why -->
```sh
kubectl get x
```

- item

  ```
  [no](link.md)
  ```
";
    let page = Page::of("docs/x.md", text);
    assert_eq!(page.links, [(1, "c.md#d".to_owned()), (3, "one.md".to_owned())]);
    assert_eq!(page.anchors, BTreeSet::from(["what-it-is-a--b", "limits", "limits-1"].map(str::to_owned)));
    assert_eq!(page.code, [(1, "a".to_owned()), (3, "make test".to_owned())]);
    let [first, second] = page.blocks.as_slice() else { panic!("{:?}", page.blocks) };
    let expected = Block {
        line: 9,
        language: "sh".to_owned(),
        text: "kubectl get x\n".to_owned(),
        mark: Some("not run: why".to_owned()),
        whole: true,
    };
    assert_eq!(*first, expected);
    assert!(!second.whole && second.language.is_empty() && second.mark.is_none() && second.line == 15, "{second:?}");
    assert_eq!(page.at(9), "docs/x.md:9");
}
