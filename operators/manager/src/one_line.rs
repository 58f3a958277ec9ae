//! An error as people read it. In: an error with its causes. Out: one text.

/// An error with its causes on one line. Many errors repeat their cause in their own text: it is printed once. Of an answer
/// of the API server, the error of the client dumps all: its message is enough.
pub fn text(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let answer = match cause.downcast_ref() {
            Some(kube::Error::Api(status)) if !status.message.is_empty() => Some(&status.message),
            _ => None,
        };
        let said = answer.cloned().unwrap_or_else(|| cause.to_string());
        if !text.contains(&said) {
            text += if text.is_empty() { "" } else { ": " };
            text += &said;
        }
        if answer.is_some() {
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use kube::core::Status;

    use super::text;

    #[test]
    fn a_cause_is_said_once() {
        let repeated = anyhow!("disk full").context("cannot write x: disk full").context("replay");
        assert_eq!(text(&repeated), "replay: cannot write x: disk full");
        assert_eq!(text(&anyhow!("disk full").context("cannot write x")), "cannot write x: disk full");
    }

    #[test]
    fn an_answer_of_the_api_server_is_not_dumped() {
        let status = Status::failure("secrets \"prometheus\" not found", "NotFound").with_code(404);
        let error = anyhow::Error::new(kube::Error::Api(Box::new(status))).context("cannot read Secret a/prometheus");
        assert_eq!(text(&error), "cannot read Secret a/prometheus: secrets \"prometheus\" not found");
    }
}
