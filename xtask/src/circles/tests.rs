//! Small crates with a circle, and some without.

use std::path::PathBuf;

use super::{Described, describe, graph, modules};

/// The circles of a crate of these files, each as it is printed.
fn circles(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    let root: PathBuf = std::env::temp_dir().join(format!("candor-circles-{name}-{}", std::process::id()));
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = modules::Tree::read(&root.join("lib.rs")).unwrap();
    let found = graph::circles(&tree.uses());
    let told = found.iter().map(|circle| describe(&root, &tree, circle).to_string()).collect();
    std::fs::remove_dir_all(&root).unwrap();
    told
}

#[test]
fn two_files_that_use_each_other_are_a_circle_with_their_lines() {
    let told = circles(
        "two",
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            ("b.rs", "pub struct B;\n\nfn f() { crate::a::A::new(); }"),
        ],
    );
    assert_eq!(
        told,
        [
            "circle of 2 files:\n  a.rs uses b.rs: line 1 `crate::b::B`\n  b.rs uses a.rs: line 3 `crate::a::A::new`"
        ]
    );
}

#[test]
fn a_circle_may_go_through_several_files_by_super_and_inside_macros() {
    let told = circles(
        "three",
        &[
            ("lib.rs", "mod all;"),
            ("all/mod.rs", "mod a; mod b; mod c;"),
            ("all/a.rs", "use super::b; pub fn a() { b::b() }"),
            ("all/b.rs", "use super::{self as up, c::{C, D as E}}; pub fn b() {}"),
            ("all/c.rs", "pub struct C; pub struct D; fn c() { println!(\"{}\", super::a::a()); }"),
        ],
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("circle of 3 files:"), "{told:?}");
}

#[test]
fn a_parent_that_uses_its_child_while_the_child_uses_it_is_a_circle() {
    for (name, parent) in [
        ("by-path", "mod child; pub struct P; fn p() { child::c() }"),
        ("by-use", "mod child; use child::c; pub struct P;"),
        ("by-reexport", "mod child; pub use child::c; pub struct P; fn p() { c() }"),
        ("by-glob", "mod child; pub use child::*; pub struct P; fn p() { c() }"),
    ] {
        for child in ["pub fn c() -> super::P {}", "use super::*; pub fn c() -> P {}"] {
            let told = circles(name, &[("lib.rs", parent), ("child.rs", child)]);
            assert_eq!(told.len(), 1, "{parent} and {child}: {told:?}");
        }
    }
}

#[test]
fn a_facade_is_in_no_circle_and_what_goes_through_it_goes_to_where_the_item_is() {
    let none = circles(
        "facade",
        &[
            (
                "lib.rs",
                "//! See crate::nothing.\nmod a; pub mod b; mod c; pub use a::A; pub(crate) use b::*;",
            ),
            ("a.rs", "use super::B; pub struct A(B, crate::c::C);"),
            ("b.rs", "pub struct B;"),
            ("c.rs", "pub use serde::C; pub const TEXT: &str = \"crate::a::A\"; // crate::a::A"),
        ],
    );
    assert!(none.is_empty(), "{none:?}");
    let through = circles(
        "through",
        &[
            ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "use crate::A; pub struct B(A);"),
        ],
    );
    assert_eq!(through.len(), 1, "{through:?}");
    assert!(through[0].contains("a.rs uses b.rs: line 1 `crate::B`"), "{through:?}");
}

#[test]
fn code_for_tests_and_methods_of_the_same_name_do_not_count() {
    let none = circles(
        "tests",
        &[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "pub fn take() { let b = 1; b.give(); }\n#[cfg(test)]\nmod tests { use super::*; use crate::b::give; }",
            ),
            (
                "b.rs",
                "use crate::a::take; pub fn give() {}\n#[cfg(all(test, unix))] use crate::a;\n#[cfg(test)] fn t() { crate::a::take() }",
            ),
        ],
    );
    assert!(none.is_empty(), "{none:?}");
    let real = circles(
        "not-tests",
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "#[cfg(not(test))] use crate::b::give; pub fn take() {}"),
            ("b.rs", "#[cfg(any(test, feature = \"x\"))] use crate::a::take; pub fn give() {}"),
        ],
    );
    assert_eq!(real.len(), 1, "{real:?}");
}

#[test]
fn a_circle_is_declared_only_if_all_its_files_are() {
    let circle = Described { files: vec!["a.rs".into(), "b.rs".into()], uses: Vec::new() };
    assert!(circle.is_within(&["b.rs", "a.rs", "c.rs"]));
    assert!(!circle.is_within(&["a.rs"]));
}
