//! An error as people read it. In: an error with its causes. Out: one text.

use std::{error::Error, iter::successors};

/// An error with its causes on one line. Many errors repeat their cause in their own text: it is printed once. Of an answer
/// of the API server, the error of the client dumps all, and so do those that repeat it: its message is enough.
pub fn text(error: &(dyn Error + 'static)) -> String {
    let all: Vec<&(dyn Error + 'static)> = successors(Some(error), |&cause| cause.source()).collect();
    let answer = all.iter().enumerate().find_map(|(nth, &cause)| Some((nth, cause.to_string(), message(cause)?)));
    let last = answer.as_ref().map_or(all.len(), |(nth, ..)| nth + 1);
    let mut text = String::new();
    for cause in all.iter().take(last) {
        let said = match &answer {
            Some((_, dump, message)) => cause.to_string().replace(dump.as_str(), message),
            None => cause.to_string(),
        };
        if !text.contains(&said) {
            text += if text.is_empty() { "" } else { ": " };
            text += &said;
        }
    }
    text
}

/// The message of an answer of the API server.
fn message<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a str> {
    match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) if !status.message.is_empty() => Some(&status.message),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use kube::{core::Status, runtime::watcher};

    use super::*;

    /// An error above another one.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Above(&'static str, #[source] Box<dyn Error + Send + Sync>);

    fn refused() -> kube::Error {
        kube::Error::Api(Box::new(Status::failure("secrets \"prometheus\" not found", "NotFound").with_code(404)))
    }

    #[test]
    fn a_cause_is_said_once() {
        let full = || Above("cannot write x: disk full", "disk full".into());
        assert_eq!(text(&Above("replay", Box::new(full()))), "replay: cannot write x: disk full");
        assert_eq!(text(&Above("cannot write x", "disk full".into())), "cannot write x: disk full");
    }

    #[test]
    fn an_answer_of_the_api_server_is_not_dumped() {
        let says = "secrets \"prometheus\" not found";
        assert_eq!(text(&refused()), says);
        let above = Above("cannot read Secret a/prometheus", Box::new(refused()));
        assert_eq!(text(&above), format!("cannot read Secret a/prometheus: {says}"));
        // Those that have the dump in their own text.
        let watch = watcher::Error::InitialListFailed(refused());
        assert_eq!(text(&watch), format!("failed to perform initial object list: {says}"));
        let lease = kube_lease_manager::LeaseManagerError::from(refused());
        assert_eq!(text(&lease), format!("Kube error: {says}"));
    }

    #[test]
    fn an_answer_without_a_message_is_shown_as_it_is() {
        let error = kube::Error::Api(Box::new(Status { code: 502, ..Status::default() }));
        assert!(text(&error).contains("502"), "{}", text(&error));
    }
}
