//! Requests and limits of one container or pod, and plain amounts.

/// Requests and limits. CPU in millicores, memory in bytes. `None` is unset.
///
/// An amount of 0 limits and reserves nothing, so it counts as unset; see [`Resources::without_zeros`]. It differs only
/// until defaults are filled in: the API server fills in what is unset, and leaves a written 0 alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    /// CPU request in millicores.
    pub cpu_request: Option<u64>,
    /// CPU limit in millicores.
    pub cpu_limit: Option<u64>,
    /// Memory request in bytes.
    pub memory_request: Option<u64>,
    /// Memory limit in bytes.
    pub memory_limit: Option<u64>,
}

/// CPU in millicores and memory in bytes, where set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceAmounts {
    /// CPU in millicores.
    pub cpu: Option<u64>,
    /// Memory in bytes.
    pub memory: Option<u64>,
}

impl Resources {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same without amounts of 0, for use once all defaults are filled in. A limit of 0 is no limit. A request of 0
    /// stays where a limit is set, since without it the API server would default it to the limit; anywhere else it is
    /// no request.
    pub fn without_zeros(self) -> Self {
        let limit = |limit: Option<u64>| limit.filter(|l| *l > 0);
        let request = |request: Option<u64>, limit: Option<u64>| request.filter(|r| *r > 0 || limit.is_some());
        let (cpu_limit, memory_limit) = (limit(self.cpu_limit), limit(self.memory_limit));
        Self {
            cpu_request: request(self.cpu_request, cpu_limit),
            cpu_limit,
            memory_request: request(self.memory_request, memory_limit),
            memory_limit,
        }
    }

    /// The same with requests as the API server defaults them: an unset request of a pod equals its limit.
    pub fn with_defaulted_requests(self) -> Self {
        Self {
            cpu_request: self.cpu_request.or(self.cpu_limit),
            memory_request: self.memory_request.or(self.memory_limit),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_of_zero_is_unset() {
        let memory =
            |request, limit| Resources { memory_request: request, memory_limit: limit, ..Resources::default() };
        for (written, expected) in [
            ((Some(0), Some(0)), (None, None)),
            ((None, Some(0)), (None, None)),
            ((Some(0), None), (None, None)),
            ((Some(5), Some(0)), (Some(5), None)),
            // The pod requests nothing: if taken as unset, the request would default to the limit.
            ((Some(0), Some(5)), (Some(0), Some(5))),
            ((None, Some(5)), (Some(5), Some(5))),
        ] {
            let written = memory(written.0, written.1);
            let found = written.with_defaulted_requests().without_zeros();
            assert_eq!(found, memory(expected.0, expected.1), "{written:?}");
            assert_eq!(found.with_defaulted_requests().without_zeros(), found, "{written:?} twice");
        }
    }
}
