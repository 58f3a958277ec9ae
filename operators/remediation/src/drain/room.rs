//! Room for pods on other nodes. In: pods with their requests, and the room that is left. Out: the pods that fit nowhere.
//!
//! Each pod takes the first node with room, the largest pod first. Affinity, taints and volumes are not looked at: a pod that fits here
//! may still wait.

use crate::observed::{Pod, Room};

/// The pods that fit on none of `rooms`.
pub fn without<'a>(pods: &[&'a Pod], rooms: &[Room]) -> Vec<&'a Pod> {
    let mut rooms = rooms.to_vec();
    // What has ended is not created elsewhere.
    let mut waiting: Vec<&Pod> = pods.iter().filter(|pod| !pod.has_ended()).copied().collect();
    waiting.sort_by_key(|pod| std::cmp::Reverse((pod.memory, pod.cpu_m)));
    let fits = |pod: &Pod, room: &Room| room.pods > 0 && room.cpu_m >= pod.cpu_m && room.memory >= pod.memory;
    let mut without = Vec::new();
    for pod in waiting {
        match rooms.iter_mut().find(|room| fits(pod, room)) {
            Some(room) => {
                (room.pods, room.cpu_m, room.memory) =
                    (room.pods - 1, room.cpu_m - pod.cpu_m, room.memory - pod.memory);
            }
            None => without.push(pod),
        }
    }
    without
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::pod;

    #[test]
    fn the_room_of_a_node_is_given_once_and_the_largest_pod_is_placed_first() {
        let sized = |name: &str, memory| Pod { memory, cpu_m: 100, ..pod(name, "n1") };
        let (small, large) = (sized("small", 10), sized("large", 30));
        let room = |pods, memory| Room { pods, cpu_m: 1_000, memory };
        let names =
            |rooms: &[Room]| without(&[&small, &large], rooms).iter().map(|pod| pod.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&[room(2, 40)]), [""; 0]);
        assert_eq!(names(&[room(2, 39)]), ["small"]);
        assert_eq!(names(&[room(1, 40)]), ["small"]);
        assert_eq!(names(&[room(9, 29), room(9, 9)]), ["large"]);
        assert_eq!(names(&[]), ["large", "small"]);
    }
}
