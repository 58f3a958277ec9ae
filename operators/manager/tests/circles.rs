//! Which modules of a crate depend on each other in a cycle: none, where avoidable.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/modules.rs"]
mod modules;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use modules::{Arrows, Modules, Name};

/// Crates that still have cycles, with the number of modules in one. The numbers here may only decrease.
const LEFT: &[(&str, usize)] = &[
    ("trimtab-pricing", 2),
    ("trimtab-runtime", 3),
    ("trimtab-sizing", 4),
    ("trimtab-metrics-sources", 4),
    ("trimtab-torture", 6),
    ("trimtab-usage-history", 3),
    ("trimtab-usage-profile", 4),
    ("trimtab-world", 17),
];

/// The rooms reachable from `from` over any number of arrows.
fn reached(arrows: &Arrows, from: &Name) -> BTreeSet<Name> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(room) = open.pop() {
        for next in arrows.get(room).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

/// The cycles: in each, every room reaches every other one.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<Name>> {
    let reached: BTreeMap<&Name, BTreeSet<Name>> = arrows.keys().map(|room| (room, reached(arrows, room))).collect();
    let both = |a: &Name, b: &Name| reached[a].contains(b) && reached.get(b).is_some_and(|from_b| from_b.contains(a));
    let around = |room: &Name| reached[room].iter().filter(|other| both(room, other)).cloned().collect::<BTreeSet<_>>();
    arrows.keys().map(around).filter(|circle| !circle.is_empty()).collect()
}

/// A cycle with its arrows, each with a path that causes it.
fn shown(arrows: &Arrows, circle: &BTreeSet<Name>) -> String {
    let mut text = String::new();
    for from in circle {
        for (to, by) in arrows[from].iter().filter(|(to, _)| circle.contains(*to)) {
            let by: Vec<&str> = by.iter().map(String::as_str).take(3).collect();
            text.push_str(&format!("    {} -> {}   ({})\n", from.join("::"), to.join("::"), by.join("; ")));
        }
    }
    text
}

#[test]
fn modules_know_each_other_in_one_direction() {
    let left: BTreeMap<&str, usize> = LEFT.iter().copied().collect();
    let (mut rooms, mut wrong) = (0, String::new());
    for package in support::workspace().workspace_packages() {
        let src = package.manifest_path.parent().unwrap().join("src");
        let arrows = Modules::read(src.as_std_path()).arrows();
        rooms += arrows.len();
        let circles = circles(&arrows);
        let found: usize = circles.iter().map(BTreeSet::len).sum();
        let may = left.get(package.name.as_str()).copied().unwrap_or(0);
        if found != may {
            wrong.push_str(&format!("{}: {found} modules stand in a circle, and LEFT says {may}\n", package.name));
            for circle in &circles {
                wrong.push_str(&format!("  a circle:\n{}", shown(&arrows, circle)));
            }
        }
    }
    assert!(rooms > 200, "only {rooms} modules found that name another");
    assert!(wrong.is_empty(), "{wrong}");
}

/// The cycles of a crate with these modules, each as the names in it.
fn of_texts(texts: &[(&str, &str)]) -> Vec<String> {
    let mut modules = Modules::default();
    for (name, text) in texts {
        let name: Name = name.split("::").filter(|word| !word.is_empty()).map(str::to_owned).collect();
        modules.module(text.parse().unwrap(), &name);
    }
    let names = |circle: &BTreeSet<Name>| circle.iter().map(|name| name.join("::")).collect::<Vec<_>>().join(" ");
    circles(&modules.without_tests().arrows()).iter().map(names).collect()
}

#[test]
fn a_circle_is_found_by_whatever_way_a_module_is_named() {
    let none: [String; 0] = [];
    let root = ("", "mod a; mod b; pub use a::A;");
    let a = ("a", "use crate::b::{self, B as Other}; pub struct A;");
    for (b, found) in [
        ("use crate::a::A;", true),
        ("use crate::{Z, A};", true),
        ("fn f(a: &super::A) {}", true),
        ("fn f() { show!(\"{}\", [crate::a::N]) }", true),
        ("mod inner { use super::super::a::*; }", true),
        // The module's own children, tests, comments and other crates.
        ("mod inner { use super::B; } use inner::I;", false),
        ("// crate::a\nconst TEXT: &str = \"crate::a\"; use a_crate::a::A;", false),
        ("#[cfg(test)] use crate::a::A; #[cfg(test)]\n#[allow(x)]\nmod tests { use crate::a::A; } struct B;", false),
        ("#[cfg(test)] mod inner;", false),
    ] {
        let inner = ("b::inner", "use crate::a::A;");
        let texts = [root, a, ("b", b), inner];
        let texts = if b.ends_with("mod inner;") { &texts[..] } else { &texts[..3] };
        assert_eq!(of_texts(texts), if found { vec!["a b".to_owned()] } else { none.to_vec() }, "{b}");
    }
    let below = [
        ("p", ""),
        ("p::a", "use super::b::B;"),
        ("p::b", "use crate::p::c;"),
        ("p::c", "use super::a;"),
        ("q", "use crate::p;"),
    ];
    assert_eq!(of_texts(&below), ["p::a p::b p::c"]);
}
