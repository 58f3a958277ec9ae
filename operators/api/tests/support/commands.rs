//! The commands in the documentation.
//!
//! In: the text of a page. Out: each command of a fenced block that begins with `kubectl`, as words. Blocks of commands are those
//! in the languages `sh` and `console`; `operators/manager/tests/docs` says what a page may contain.
#![allow(clippy::unwrap_used, dead_code)]

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its words, without redirections.
    pub words: Vec<String>,
}

/// The commands of all blocks that are not marked as something else. Where lines of a block have a prompt (`$ `), the others are
/// what the commands say.
pub fn fenced(page: &str) -> Vec<Command> {
    marked(page, "")
}

/// The same, of the blocks after a line with this mark alone.
pub fn marked(page: &str, mark: &str) -> Vec<Command> {
    let mut lines = page.lines().enumerate().map(|(at, line)| (at + 1, line));
    let mut found = Vec::new();
    let mut before = "";
    while let Some((_, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
            if ["", "sh", "console"].contains(&language) && before.contains(mark) {
                found.extend(of_block(&block));
            }
        }
        before = line;
    }
    found
}

/// What follows the prompt of a line, such as `ada$ `.
pub fn prompt(line: &str) -> Option<&str> {
    let (who, command) = line.split_once("$ ")?;
    who.chars().all(|c| c.is_ascii_alphanumeric()).then_some(command)
}

fn of_block(lines: &[(usize, &str)]) -> Vec<Command> {
    let is_transcript = lines.iter().any(|(_, line)| prompt(line).is_some());
    let mut found = Vec::new();
    let mut lines = lines.iter();
    while let Some((at, line)) = lines.next() {
        let Some(first) = (if is_transcript { prompt(line) } else { Some(*line) }) else { continue };
        // A command substitution is a command too.
        let first = first.split_once("=$(").map_or(first, |(_, inner)| inner.trim_end_matches(')'));
        if first.split_whitespace().next() != Some("kubectl") && !first.contains("| kubectl ") {
            continue;
        }
        let mut text = first.to_owned();
        let words = loop {
            match split(&text) {
                Some(words) => break words,
                None => match lines.next() {
                    Some((_, more)) => text = format!("{}\n{more}", text.trim_end_matches('\\')),
                    None => panic!("line {at}: the command does not end: {text}"),
                },
            }
        };
        let kubectl = words.into_iter().filter(|words| words.first().is_some_and(|w| w == "kubectl"));
        found.extend(kubectl.map(|words| Command { line: *at, words }));
    }
    found
}

/// The simple commands of a line, as a shell splits it. `None` if the command continues on the next line.
pub fn split(text: &str) -> Option<Vec<Vec<String>>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut redirected = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => match chars.next() {
                Some('\n') => {}
                Some(c) => word.get_or_insert_default().push(c),
                None => return None,
            },
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, c) if c.is_whitespace() || "|;&>".contains(c) => {
                match word.take() {
                    Some(_) if std::mem::take(&mut redirected) => {}
                    Some(word) => words.push(word),
                    None => {}
                }
                match c {
                    '>' => redirected = true,
                    '|' | ';' | '&' => commands.push(std::mem::take(&mut words)),
                    _ => {}
                }
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return None;
    }
    words.extend(word.filter(|_| !redirected));
    commands.push(words);
    Some(commands)
}

/// Inline code outside of blocks that begins with `kubectl `.
pub fn inline(page: &str) -> Vec<Command> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            let spans = line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("kubectl "));
            for words in spans.filter_map(split).flatten() {
                found.push(Command { line: at + 1, words });
            }
        }
    }
    found.retain(|c| c.words.first().is_some_and(|w| w == "kubectl"));
    found
}

#[test]
fn commands_are_read_as_a_shell_reads_them() {
    let page = "a `kubectl get x` b\n```sh\nkubectl a 'b c' \"d\\\"e\" # no\n  kubectl not\nX=$(kubectl g -o jsonpath='{.a}')\nkubectl p -p '{\"a\":\n \"'$X'\"}' \\\n  --now | jq '.a | .b' > out\ncat x | kubectl trimtab try -f -\n```\n<!-- seen -->\n```console\n$ kubectl one\nkubectl said\nada$ kubectl two\n```\n```yaml\nkubectl: x\n```\n";
    let words: Vec<String> = fenced(page).iter().map(|c| format!("{} {}", c.line, c.words.join("·"))).collect();
    assert_eq!(
        words,
        [
            "3 kubectl·a·b c·d\"e",
            "4 kubectl·not",
            "5 kubectl·g·-o·jsonpath={.a}",
            "6 kubectl·p·-p·{\"a\":\n \"$X\"}·--now",
            "9 kubectl·trimtab·try·-f·-",
            "13 kubectl·one",
            "15 kubectl·two",
        ]
    );
    assert_eq!(marked(page, "seen").len(), 2);
    assert_eq!(inline(page).len(), 1);
}
