//! Java virtual machines: the memory that options, variables, commands and images give them.
//!
//! In: [`Seen`] of a container. Out: the amount given to the JVM, or the share of the limit that it takes. Options:
//! `java` of JDK 21, <https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html>; `-J` of its other tools,
//! <https://docs.oracle.com/en/java/javase/21/docs/specs/man/javac.html>; `--vm.` of GraalVM,
//! <https://www.graalvm.org/latest/reference-manual/polyglot-programming/>.

use super::{Seen, products, signs, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// Variables read before the command line, whose options override theirs.
const BEFORE_COMMAND: [&str; 6] =
    ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_OPTIONS", "CATALINA_OPTS", "JVM_OPTS"];
/// The variable that the JVM reads after its command line.
const AFTER_COMMAND: &str = "_JAVA_OPTIONS";
/// Suffixes of variable names that are for a JVM, whatever their value and wherever it comes from.
const ENDINGS: [&str; 9] = [
    "JAVA_OPTS",
    "JAVA_OPTIONS",
    "HEAP_OPTS",
    "JVM_OPTS",
    "JVM_ARGS",
    "JAVA_ARGS",
    "JVMFLAGS",
    "JAVA_MEM",
    "VM_PARAMS",
];
/// Default heap share of a JVM without options (JDK 10 and later), in hundredths of a percent.
const DEFAULT_SHARE: u32 = 2500;

/// Parsed options.
#[derive(Clone, Copy, Default)]
struct Options {
    seen: bool,
    greatest_heap: Option<u64>,
    first_heap: Option<u64>,
    machine: Option<u64>,
    direct: Option<u64>,
    metaspace: Option<u64>,
    share: Option<u32>,
    /// Whether the heap size is set but cannot be evaluated: `-Xmx${HEAP}m`.
    unclear: bool,
}

impl Options {
    fn read(text: &str) -> Self {
        let mut options = Self::default();
        tokens(text).for_each(|token| options.token(token));
        options
    }

    fn token(&mut self, token: &str) {
        // Launchers pass options on: `-J-Xmx2g` those of the JDK, Scala and JRuby, `--vm.Xmx2g` those of GraalVM.
        let handed_on = ["-J-", "--vm.", "--jvm.", "-"].iter().find_map(|start| token.strip_prefix(start));
        let Some(option) = handed_on else { return };
        let value = |names: &[&str]| names.iter().find_map(|name| option.strip_prefix(name));
        // Of repeated options the last one counts.
        let set = |field: &mut Option<u64>, text: &str| *field = units::binary(text).or(*field);
        if let Some(text) = value(&["Xmx", "XX:MaxHeapSize="]) {
            // Text in backticks is dropped entirely.
            self.unclear = text.is_empty() || text.contains('$');
            set(&mut self.greatest_heap, text);
        } else if let Some(text) = value(&["Xms", "XX:InitialHeapSize=", "XX:MinHeapSize="]) {
            set(&mut self.first_heap, text);
        } else if let Some(text) = value(&["XX:MaxRAM="]) {
            set(&mut self.machine, text);
        } else if let Some(text) = value(&["XX:MaxDirectMemorySize="]) {
            set(&mut self.direct, text);
        } else if let Some(text) = value(&["XX:MaxMetaspaceSize="]) {
            set(&mut self.metaspace, text);
        } else if let Some(text) = value(&["XX:MaxRAMPercentage="]) {
            self.share = units::hundredths(text).or(self.share);
        } else if let Some(text) = value(&["XX:MaxRAMFraction="]) {
            self.share = text.parse().ok().and_then(|n| 10_000u32.checked_div(n)).filter(|s| *s > 0).or(self.share);
        } else if value(&["XX:", "Xmn", "Xss"]).is_none() {
            return;
        }
        self.seen = true;
    }

    /// Both combined; where both have a value, `join` decides.
    fn with(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let both = |a: Option<u64>, b: Option<u64>| a.zip(b).map(|(a, b)| join(a, b)).or(a).or(b);
        Self {
            seen: self.seen || other.seen,
            greatest_heap: both(self.greatest_heap, other.greatest_heap),
            first_heap: both(self.first_heap, other.first_heap),
            machine: both(self.machine, other.machine),
            direct: both(self.direct, other.direct),
            metaspace: both(self.metaspace, other.metaspace),
            share: both(self.share.map(u64::from), other.share.map(u64::from)).and_then(|s| u32::try_from(s).ok()),
            unclear: self.unclear || other.unclear,
        }
    }

    fn overridden_by(self, later: Self) -> Self {
        let unclear = later.unclear || (self.unclear && later.greatest_heap.is_none());
        Self { unclear, ..self.with(later, |_, later| later) }
    }

    /// The total amount given to the JVM. An initial heap above the maximum counts as the heap.
    fn told(&self) -> Option<u64> {
        let heap = self.greatest_heap.max(self.first_heap).or(self.machine)?;
        Some([self.direct, self.metaspace].into_iter().flatten().fold(heap, u64::saturating_add))
    }
}

fn runs_java(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '|'))
        .any(|word| word.rsplit('/').next() == Some("java") || word.ends_with(".jar"))
}

fn is_for_a_jvm(name: &str) -> bool {
    name == AFTER_COMMAND || BEFORE_COMMAND.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The hint of a JVM.
pub(super) fn detect(seen: &Seen<'_>) -> Option<Runtime> {
    let (mut before, mut after, mut others) = (Options::default(), Options::default(), Options::default());
    let mut named = false;
    let mut sizes = products::Sizes::default();
    for name in BEFORE_COMMAND {
        for (_, value) in seen.env.iter().filter(|(n, _)| *n == name) {
            before = before.overridden_by(Options::read(value));
        }
    }
    for (name, value) in &seen.env {
        named |= is_for_a_jvm(name) || signs::variable(name, value);
        if *name == AFTER_COMMAND {
            after = after.overridden_by(Options::read(value));
        } else if !BEFORE_COMMAND.contains(name) {
            // It is unknown which script reads which variable: the greatest amount is the safe one.
            others = others.with(Options::read(value), u64::max);
        }
        sizes.variable(name, value);
    }
    let mut command = Options::default();
    for text in seen.words {
        command = command.overridden_by(Options::read(text));
    }
    sizes.words(seen.words());
    let options = before.overridden_by(command).overridden_by(after).with(others, u64::max);
    let product = products::of_image(seen.image);
    let is_jvm = named
        || options.seen
        || sizes.any()
        || product.is_some()
        || seen.words.iter().any(|text| runs_java(text))
        || signs::command(seen);
    if !is_jvm {
        return None;
    }
    let told = options.told().max(sizes.told()).filter(|_| !options.unclear);
    let default = || product.filter(|_| !options.unclear).and_then(|p| p.default(seen));
    let share = options.share.or_else(|| sizes.share());
    Some(match (told, share) {
        (Some(bytes), _) => Runtime::Told { bytes, name: RuntimeName::Jvm },
        (None, Some(share)) => Runtime::FromLimit { percent_hundredths: share, name: RuntimeName::Jvm },
        (None, None) => {
            default().unwrap_or(Runtime::FromLimit { percent_hundredths: DEFAULT_SHARE, name: RuntimeName::Jvm })
        }
    })
}
