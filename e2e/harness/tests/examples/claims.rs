//! What the comment of an example claims, in lines that begin with `# expect:`. In: the text of the file. Out: the
//! claims, or what is wrong with them. `examples/README.md` says what each means.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

/// The prefix of a line of claims.
const MARK: &str = "# expect:";

/// The claims of one example.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub applied: bool,
    pub first_step: Option<usize>,
    pub namespaces: BTreeSet<String>,
    pub kinds: BTreeSet<String>,
    pub withdrawn_without: Option<String>,
    pub never_sized: Vec<String>,
    pub limit_is_request: Vec<String>,
    pub cpu_at_most: Vec<(String, String)>,
    pub risk_factors: Vec<String>,
    pub currency: Option<String>,
}

impl Claims {
    pub fn read(text: &str) -> Result<Self> {
        let mut claims = Self::default();
        let mut outcomes = 0;
        for line in text.lines().filter_map(|line| line.strip_prefix(MARK)) {
            let (key, value) = line.trim().split_once('=').unwrap_or((line.trim(), ""));
            let list = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
            match (key, value.is_empty()) {
                ("nothing-applied", true) => outcomes += 1,
                ("applied", true) => {
                    claims.applied = true;
                    outcomes += 1;
                }
                ("first-step", false) => claims.first_step = Some(value.parse()?),
                ("namespaces", false) => claims.namespaces = list().into_iter().collect(),
                ("kinds", false) => claims.kinds = list().into_iter().collect(),
                ("withdrawn-without", false) => claims.withdrawn_without = Some(value.to_owned()),
                ("never-sized", false) => claims.never_sized = list(),
                ("limit-is-request", false) => claims.limit_is_request = list(),
                ("cpu-at-most", false) => match value.split_once(':') {
                    Some((container, amount)) => claims.cpu_at_most.push((container.to_owned(), amount.to_owned())),
                    None => bail!("{value:?} is not CONTAINER:AMOUNT"),
                },
                ("risk-factors", false) => claims.risk_factors = list(),
                ("currency", false) => claims.currency = Some(value.to_owned()),
                _ => bail!("{:?} is not in the table of examples/README.md", line.trim()),
            }
        }
        ensure!(outcomes == 1, "{outcomes} lines say `{MARK} nothing-applied` or `{MARK} applied`; one must");
        let selects = !claims.namespaces.is_empty() && !claims.kinds.is_empty();
        ensure!(selects || claims.currency.is_some(), "nothing says which namespaces and kinds, or which currency");
        Ok(claims)
    }
}

#[test]
fn claims_are_read_and_what_nobody_would_check_is_refused() {
    let text = "# Text.\n#\n# expect: applied\n# expect: namespaces=a,b\n# expect: kinds=Job\n# expect: cpu-at-most=x:2\nkind: X\n";
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let expected = Claims {
        applied: true,
        namespaces: set(&["a", "b"]),
        kinds: set(&["Job"]),
        cpu_at_most: vec![("x".to_owned(), "2".to_owned())],
        ..Claims::default()
    };
    assert_eq!(Claims::read(text).unwrap(), expected);
    for wrong in [
        "kind: X\n",
        "# expect: namespaces=a\n# expect: kinds=Job\n",
        "# expect: applied\n# expect: nothing-applied\n# expect: currency=EUR\n",
        "# expect: applied\n",
        "# expect: applied\n# expect: currency=EUR\n# expect: aplied\n",
        "# expect: applied\n# expect: currency=\n",
    ] {
        assert!(Claims::read(wrong).is_err(), "{wrong}");
    }
}
