//! The modules of a crate and which of them refer to which, read from its source.
//!
//! In: the source directory of a crate. Out: its modules without those for tests, and arrows between rooms. A room is a
//! module with all its descendants, as its siblings see it: siblings are rooms for each other, at each depth; a module
//! and its descendants are one. A path through a re-export also refers to the module of origin.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module below the root of its crate; empty for the root.
pub type Name = Vec<String>;

/// For each room the rooms to which it refers, each with the paths that do.
pub type Arrows = BTreeMap<Name, BTreeMap<Name, BTreeSet<String>>>;

/// The content of a module.
#[derive(Default)]
struct Module {
    /// Every path of more than one segment, including those of `use`.
    paths: BTreeSet<Vec<String>>,
    /// Names imported by `use`, by their local name.
    names: BTreeMap<String, Vec<String>>,
}

/// The modules of one crate.
#[derive(Default)]
pub struct Modules {
    all: BTreeMap<Name, Module>,
    tests: BTreeSet<Name>,
}

impl Modules {
    /// Reads all modules below `src`, except separate programs in `src/bin`.
    pub fn read(src: &Path) -> Self {
        let mut modules = Self::default();
        modules.directory(src, &Vec::new());
        modules.without_tests()
    }

    /// The modules except those built only for tests.
    pub fn without_tests(mut self) -> Self {
        let Self { all, tests } = &mut self;
        all.retain(|name, _| !(0..=name.len()).any(|depth| tests.contains(&name[..depth])));
        self
    }

    fn directory(&mut self, directory: &Path, at: &Name) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let below: Name = at.iter().cloned().chain([stem.clone()]).collect();
            if path.is_dir() && !(at.is_empty() && stem == "bin") {
                self.directory(&path, &below);
            } else if path.extension().is_some_and(|e| e == "rs") && stem != "tests" && !stem.ends_with("_tests") {
                let is_parent = stem == "mod" || (at.is_empty() && (stem == "lib" || stem == "main"));
                let text = fs::read_to_string(&path).unwrap();
                let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                self.module(tokens, if is_parent { at } else { &below });
            }
        }
    }

    /// Adds the content of the module `at`.
    pub fn module(&mut self, tokens: TokenStream, at: &Name) {
        let mut module = self.all.remove(at).unwrap_or_default();
        self.tokens(&tokens.into_iter().collect::<Vec<_>>(), at, &mut module);
        self.all.insert(at.clone(), module);
    }

    /// Reads the content of the module `at`.
    fn tokens(&mut self, mut tokens: &[TokenTree], at: &Name, module: &mut Module) {
        while let Some((first, rest)) = tokens.split_first() {
            tokens = rest;
            match first {
                TokenTree::Punct(hash) if hash.as_char() == '#' && is_for_tests(rest) => {
                    let (item, after) = item(rest);
                    if let Some(name) = module_name(item) {
                        self.tests.insert(below(at, name));
                    }
                    tokens = after;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let [TokenTree::Ident(name), TokenTree::Group(body), after @ ..] = rest {
                        self.module(body.stream(), &below(at, name.to_string()));
                        tokens = after;
                    }
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(rest.first(), '<') => {
                    let end = rest.iter().position(|t| is_punct(Some(t), ';')).unwrap_or(rest.len());
                    used(&rest[..end], Vec::new(), module);
                    tokens = &rest[end..];
                }
                TokenTree::Ident(word) => {
                    let mut path = vec![word.to_string()];
                    while let [colon, second, TokenTree::Ident(next), after @ ..] = tokens
                        && is_punct(Some(colon), ':')
                        && is_punct(Some(second), ':')
                    {
                        path.push(next.to_string());
                        tokens = after;
                    }
                    if path.len() > 1 {
                        module.paths.insert(path);
                    }
                }
                TokenTree::Group(group) => self.tokens(&group.stream().into_iter().collect::<Vec<_>>(), at, module),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// The modules that `path` passes through when used in the module `at`; the last is the one in which it ends. Empty
    /// if it leads to another crate.
    fn leads_through(&self, at: &Name, path: &[String], turns: usize) -> Vec<Name> {
        let Some((first, mut rest)) = path.split_first() else { return Vec::new() };
        let mut now = at.clone();
        match first.as_str() {
            "crate" => now.clear(),
            "self" => {}
            "super" => drop(now.pop()),
            name if self.all.contains_key(&below(at, name.to_owned())) => rest = path,
            name => {
                // An imported name, unless it is that of another crate imported under its own name.
                let known = self.all[at].names.get(name).filter(|to| to.first() != Some(first) && turns > 0);
                let Some(known) = known else { return Vec::new() };
                return self.leads_through(at, &[known, rest].concat(), turns - 1);
            }
        }
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                now.pop();
            } else if self.all.contains_key(&below(&now, name.clone())) {
                now.push(name.clone());
            } else {
                break;
            }
            rest = after;
        }
        let mut through = vec![now.clone()];
        // A name that is only re-exported there comes from somewhere else.
        if let (Some((name, after)), true) = (rest.split_first(), turns > 0)
            && let Some(known) = self.all.get(&now).and_then(|module| module.names.get(name))
        {
            through.extend(self.leads_through(&now, &[known, after].concat(), turns - 1));
        }
        through
    }

    /// The arrows between rooms.
    pub fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (from, module) in &self.all {
            for path in &module.paths {
                for to in self.leads_through(from, path, 8) {
                    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                    if common < from.len() && common < to.len() {
                        let by = format!("{}: {}", from.join("::"), path.join("::"));
                        let rooms = arrows.entry(from[..=common].to_vec()).or_default();
                        rooms.entry(to[..=common].to_vec()).or_default().insert(by);
                    }
                }
            }
        }
        arrows
    }
}

fn below(at: &[String], name: String) -> Name {
    at.iter().cloned().chain([name]).collect()
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// Whether an attribute that begins here marks something as built only for tests.
fn is_for_tests(attribute: &[TokenTree]) -> bool {
    let Some(TokenTree::Group(group)) = attribute.first() else { return false };
    let text: String = group.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(any(test,")
}

/// The item after an attribute, and the rest.
fn item(tokens: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    };
    let end = tokens.iter().position(ends).map_or(tokens.len(), |at| at + 1);
    tokens.split_at(end)
}

/// The name of the module if an item is one.
fn module_name(item: &[TokenTree]) -> Option<String> {
    item.windows(2).find_map(|pair| match pair {
        [TokenTree::Ident(word), TokenTree::Ident(name)] if word == "mod" => Some(name.to_string()),
        _ => None,
    })
}

/// Records the imports of a tree of `use`; `before` is the path outside it.
fn used(tree: &[TokenTree], before: Vec<String>, module: &mut Module) {
    let mut path = before;
    let mut called = None;
    let mut tokens = tree.iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "as" => called = tokens.next().map(ToString::to_string),
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in inner.split(|t| is_punct(Some(t), ',')).filter(|tree| !tree.is_empty()) {
                    used(tree, path.clone(), module);
                }
                return;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    path.pop_if(|last| last == "self");
    if let (Some(name), false) = (called.or_else(|| path.last().cloned()), is_punct(tree.last(), '*')) {
        module.names.insert(name, path.clone());
    }
    module.paths.insert(path);
}
