//! Links between pages, to files and to headings. Addresses elsewhere are not followed: no network is needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

use crate::{
    page::{Page, all},
    support,
};

/// A path from the root without `.` and `..`; `None` if it leads out of the repository.
fn from_root(base: &Path, target: &str) -> Option<PathBuf> {
    let mut found = base.to_path_buf();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => found.pop().then_some(())?,
            Component::CurDir => {}
            Component::Normal(name) => found.push(name),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(found)
}

/// What is wrong with a link of a page.
fn fault(page: &Page, link: &str, anchors: &BTreeMap<&str, &BTreeSet<String>>) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() {
        PathBuf::from(&page.path)
    } else {
        match from_root(Path::new(&page.path).parent()?, file) {
            Some(path) if support::root().join(&path).exists() => path,
            Some(path) => return Some(format!("there is no {}", path.display())),
            None => return Some("it leads out of the repository".to_owned()),
        }
    };
    let name = path.to_str()?;
    match (anchor, anchors.get(name)) {
        (None, _) => None,
        (Some(anchor), Some(known)) if known.contains(anchor) => None,
        (Some(anchor), Some(known)) => Some(format!("{name} has no heading #{anchor}, but {known:?}")),
        (Some(_), None) => Some(format!("{name} is no page, so it has no headings")),
    }
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let pages = all();
    let anchors: BTreeMap<&str, &BTreeSet<String>> = pages.iter().map(|p| (p.path.as_str(), &p.anchors)).collect();
    let (mut broken, mut seen) = (Vec::new(), 0);
    for page in &pages {
        for (line, link) in &page.links {
            seen += 1;
            let said = fault(page, link, &anchors);
            broken.extend(said.map(|said| format!("{}: the link {link} is broken: {said}", page.at(*line))));
        }
    }
    assert!(seen >= 300, "only {seen} links were found");
    assert!(broken.is_empty(), "mend the link, or what it leads to:\n{}", broken.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let (page, other) = (Page::of("docs/x.md", "# Limits\n"), Page::of("docs/runbooks/y.md", "# Limits\n"));
    let anchors = BTreeMap::from([("docs/x.md", &page.anchors), ("docs/README.md", &other.anchors)]);
    for (link, expected) in [
        ("README.md", ""),
        ("./README.md#limits", ""),
        ("#limits", ""),
        ("../deploy/", ""),
        ("https://example.com/none", ""),
        ("no.md", "there is no docs/no.md"),
        ("../../x.md", "it leads out of the repository"),
        ("/docs/x.md", "it leads out of the repository"),
        ("#none", "docs/x.md has no heading #none"),
        ("README.md#none", "docs/README.md has no heading #none"),
        ("../Makefile#L10", "Makefile is no page"),
    ] {
        let found = fault(&page, link, &anchors).unwrap_or_default();
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{link}: {found}");
    }
    assert_eq!(fault(&other, "../README.md", &anchors), None);
}
