//! Custom resource kinds that Trimtab is configured to size: OpenKruise's CloneSet, or a kind of your own.
//!
//! In: `KIND.VERSION.GROUP`, as given at program start. Out: [`CustomKind`], a value of one byte that knows its names.
//! A registered kind is known to the whole program and stays so: owner references, targets of autoscalers and names in
//! the API are all parsed with the same list.

use std::sync::OnceLock;

/// More kinds than anybody has.
const MOST: usize = 64;

/// A custom resource kind, by its index in the list of registered ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomKind(u8);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    kind: String,
    lower: String,
    plural: String,
    version: String,
    group: String,
    api_version: String,
    label: String,
}

static NAMED: [OnceLock<Names>; MOST] = [const { OnceLock::new() }; MOST];
/// Placeholder for an unused index in the list, which no value points to.
static NOBODY: Names = Names {
    kind: String::new(),
    lower: String::new(),
    plural: String::new(),
    version: String::new(),
    group: String::new(),
    api_version: String::new(),
    label: String::new(),
};

impl CustomKind {
    /// Every registered kind, in order of registration.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMED.iter().take_while(|place| place.get().is_some()).zip(0..).map(|(_, index)| Self(index))
    }

    /// The kind `kind` of `group`, if registered.
    pub fn find(group: &str, kind: &str) -> Option<Self> {
        Self::all().find(|k| k.as_str() == kind && k.group() == group)
    }

    /// Registers a kind, or finds it in the list. `taken`: whether a built-in kind of Trimtab has that name, so that
    /// this one is told apart by its group.
    pub(crate) fn named(text: &str, taken: impl Fn(&str) -> bool) -> Result<Self, String> {
        let names = read(text, taken)?;
        let names = match Self::all().find(|k| k.as_str() == names.kind) {
            Some(known) if *known.names() == names => return Ok(known),
            Some(known) => {
                return Err(format!(
                    "{text:?}: {}.{}.{} is already named, and two kinds with one name cannot be told apart",
                    known.as_str(),
                    known.version(),
                    known.group()
                ));
            }
            None => names,
        };
        for (place, index) in NAMED.iter().zip(0..) {
            if *place.get_or_init(|| names.clone()) == names {
                return Ok(Self(index));
            }
        }
        Err(format!("{text:?}: more than {MOST} kinds are named"))
    }

    fn names(self) -> &'static Names {
        NAMED.get(usize::from(self.0)).and_then(OnceLock::get).unwrap_or(&NOBODY)
    }

    /// The kind as its definition spells it.
    pub fn as_str(self) -> &'static str {
        &self.names().kind
    }

    /// The kind in lower case.
    pub fn lower(self) -> &'static str {
        &self.names().lower
    }

    /// The conventional plural; the real one only its API server knows.
    pub fn plural(self) -> &'static str {
        &self.names().plural
    }

    /// The API version within the group.
    pub fn version(self) -> &'static str {
        &self.names().version
    }

    /// The API group.
    pub fn group(self) -> &'static str {
        &self.names().group
    }

    /// Group and version, as in `apiVersion`.
    pub fn api_version(self) -> &'static str {
        &self.names().api_version
    }

    /// Its unique name: the kind, with the group if a built-in kind has the same name.
    pub fn label(self) -> &'static str {
        &self.names().label
    }
}

fn read(text: &str, taken: impl Fn(&str) -> bool) -> Result<Names, String> {
    let hint = || {
        format!(
            "{text:?} is not KIND.VERSION.GROUP, such as CloneSet.v1alpha1.apps.kruise.io: kubectl api-resources shows \
             the kind and its version"
        )
    };
    let mut parts = text.splitn(3, '.');
    let (Some(kind), Some(version), Some(group)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(hint());
    };
    let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_version = version.strip_prefix('v').is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()) && word(v));
    let is_group = group.len() <= 253
        && group.contains('.')
        && group
            .split('.')
            .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    if !(word(kind) && kind.len() <= 63 && kind.starts_with(|c: char| c.is_ascii_uppercase()) && is_version && is_group)
    {
        return Err(hint());
    }
    let label = if taken(kind) { format!("{kind}.{group}") } else { kind.to_owned() };
    Ok(Names {
        kind: kind.to_owned(),
        lower: label.to_ascii_lowercase(),
        plural: format!("{}s", kind.to_ascii_lowercase()),
        version: version.to_owned(),
        group: group.to_owned(),
        api_version: format!("{group}/{version}"),
        label,
    })
}
