//! Comparison of sizes. In: the present and the desired sizes of containers. Out: whether they are equal, by value and
//! not by spelling: the API server writes `1000m` as `1`. An amount of 0 equals none.

use trimtab_api::{
    quantity::Quantity,
    resources::{ContainerResources, Resources},
};
use trimtab_core::quantity::{self, QuantityError, bytes, cpu_millis};

/// Whether containers have the desired sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// Each has exactly that.
    Yes,
    /// Some container has something else.
    No,
    /// A container is missing, so it cannot be determined.
    Missing,
}

/// Whether `have` has the sizes in `want`. Containers that `want` does not name do not count.
pub fn has(have: &[ContainerResources], want: &[ContainerResources]) -> Has {
    let mut answer = Has::Yes;
    for wanted in want {
        match have.iter().find(|c| c.name == wanted.name) {
            None => return Has::Missing,
            Some(found) if !same_container(found, wanted) => answer = Has::No,
            Some(_) => {}
        }
    }
    answer
}

/// Whether both lists name the same containers with the same values, in any order.
pub fn same(a: &[ContainerResources], b: &[ContainerResources]) -> bool {
    has(a, b) == Has::Yes && has(b, a) == Has::Yes
}

/// Whether `new` is so close to `before` that a decision on one holds for the other: the same containers, with
/// differences too small for any policy to change its proposal ([`trimtab_core::quantity::is_close`]).
pub fn is_close(before: &[ContainerResources], new: &[ContainerResources]) -> bool {
    type Read = fn(&str) -> Result<u64, QuantityError>;
    let close = |before: Option<&Quantity>, new: Option<&Quantity>, value: Read| match (before, new) {
        (Some(before), Some(new)) => match (value(&before.0), value(&new.0)) {
            (Ok(before), Ok(new)) => quantity::is_close(before, new),
            _ => before == new,
        },
        (before, new) => before.is_none() == new.is_none(),
    };
    let halves = |a: &Resources, b: &Resources| {
        close(a.cpu.as_ref(), b.cpu.as_ref(), cpu_millis) && close(a.memory.as_ref(), b.memory.as_ref(), bytes)
    };
    same_names(before, new)
        && before.iter().all(|b| {
            new.iter().any(|n| n.name == b.name && halves(&b.requests, &n.requests) && halves(&b.limits, &n.limits))
        })
}

/// Whether both lists name the same containers, each once.
pub fn same_names(a: &[ContainerResources], b: &[ContainerResources]) -> bool {
    let names = |list: &[ContainerResources]| {
        let mut names: Vec<_> = list.iter().map(|c| c.name.clone()).collect();
        names.sort();
        names
    };
    let (a, b) = (names(a), names(b));
    a == b && a.windows(2).all(|pair| pair[0] != pair[1])
}

fn same_container(a: &ContainerResources, b: &ContainerResources) -> bool {
    same_resources(&a.requests, &b.requests) && same_resources(&a.limits, &b.limits)
}

fn same_resources(a: &Resources, b: &Resources) -> bool {
    same_amount(a.cpu.as_ref(), b.cpu.as_ref(), cpu_millis) && same_amount(a.memory.as_ref(), b.memory.as_ref(), bytes)
}

fn same_amount(a: Option<&Quantity>, b: Option<&Quantity>, value: impl Fn(&str) -> Result<u64, QuantityError>) -> bool {
    if a == b {
        return true;
    }
    let read = |q: Option<&Quantity>| q.map_or(Ok(0), |q| value(&q.0));
    matches!((read(a), read(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::{Has, has, same, same_names};
    use trimtab_api::{
        quantity::Quantity,
        resources::{ContainerResources, Resources},
    };

    fn container(name: &str, cpu: &str) -> ContainerResources {
        ContainerResources {
            name: name.to_owned(),
            requests: Resources { cpu: Some(Quantity(cpu.to_owned())), memory: None },
            limits: Resources::default(),
        }
    }

    #[test]
    fn values_count_and_spelling_and_order_do_not() {
        let a = [container("app", "1000m"), container("log", "0.1")];
        let b = [container("log", "100m"), container("app", "1")];
        assert!(same(&a, &b));
        assert!(!same(&a, &[container("app", "1"), container("log", "101m")]));
        assert_eq!(has(&a, &b[1..]), Has::Yes);
        assert_eq!(has(&a[..1], &b), Has::Missing);
        assert_eq!(has(&a, &[container("app", "2")]), Has::No);
        assert_eq!(
            has(&[container("app", "x")], &[container("app", "y")]),
            Has::No,
            "what nobody can read is not equal"
        );
    }

    #[test]
    fn an_absent_value_is_none_and_so_is_zero() {
        let none =
            ContainerResources { name: "app".to_owned(), requests: Resources::default(), limits: Resources::default() };
        let none = std::slice::from_ref(&none);
        assert_eq!(has(none, &[container("app", "1m")]), Has::No);
        assert_eq!(has(none, &[container("app", "x")]), Has::No);
        assert_eq!(has(none, &[container("app", "0")]), Has::Yes);
        assert_eq!(has(&[container("app", "0m")], none), Has::Yes);
        assert_eq!(has(none, none), Has::Yes);
    }

    #[test]
    fn names_must_be_the_same_and_single() {
        let (app, log) = (container("app", "1"), container("log", "1"));
        assert!(same_names(&[app.clone(), log.clone()], &[log.clone(), app.clone()]));
        assert!(!same_names(&[app.clone(), log.clone()], std::slice::from_ref(&app)));
        assert!(!same_names(&[app.clone(), app.clone()], &[app.clone(), app]));
    }
}
