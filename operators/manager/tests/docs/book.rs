//! The book, which `make book` makes of docs/: it has every page, and the overview leads to each that is not a runbook.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use crate::{
    page::{Page, all},
    support,
};

/// What the book calls its list of pages.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The pages of docs/, from there, without the list itself.
fn pages(all: &[Page]) -> BTreeSet<&str> {
    let paths = all.iter().filter(|page| page.path != SUMMARY);
    paths.filter_map(|page| page.path.strip_prefix("docs/")).collect()
}

/// The files of docs/ to which a page there leads, and how often.
fn links(page: &Page) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    for (_, link) in &page.links {
        *found.entry(link.as_str()).or_default() += 1;
    }
    found
}

#[test]
fn the_book_has_every_page_once() {
    let all = all();
    let summary = all.iter().find(|page| page.path == SUMMARY).unwrap();
    let (pages, listed) = (pages(&all), links(summary));
    let names: BTreeSet<&str> = listed.keys().copied().collect();
    let missing: Vec<_> = pages.difference(&names).collect();
    assert!(missing.is_empty(), "add them to {SUMMARY}, under the part where one would look for them: {missing:#?}");
    let gone: Vec<_> = names.difference(&pages).collect();
    assert!(gone.is_empty(), "{SUMMARY} lists what is no page of docs/: {gone:#?}");
    let twice: Vec<_> = listed.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{SUMMARY} lists them more than once, which mdbook refuses: {twice:#?}");
    let book: Table = support::read("book.toml").parse().unwrap();
    assert_eq!(book["book"]["src"].as_str(), Some("docs"), "the list is beside the pages");
}

#[test]
fn the_overviews_lead_to_every_page() {
    let all = all();
    let pages = pages(&all);
    for (overview, below) in [("docs/README.md", ""), ("docs/runbooks/README.md", "runbooks/")] {
        let own = all.iter().find(|page| page.path == overview).unwrap();
        let leads = links(own);
        let beside = pages.iter().filter_map(|page| page.strip_prefix(below)).filter(|page| !page.contains('/'));
        let missing: Vec<_> = beside.filter(|page| *page != "README.md" && !leads.contains_key(page)).collect();
        assert!(missing.is_empty(), "add a row to {overview} for: {missing:#?}");
    }
}
