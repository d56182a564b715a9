//! `--instances` and `--ports`.

use crate::fleet::{Count, MOST, Ports};

#[test]
fn a_count_is_a_number_or_all_cores() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert_eq!("max".parse::<Count>().unwrap().get(), cores.min(MOST.into()));
    assert_eq!("256".parse::<Count>().unwrap().get(), 256);
    for wrong in ["0", "257", "-1", "many", ""] {
        assert!(wrong.parse::<Count>().is_err_and(|error| error.contains("1 to 256, or max")), "{wrong}");
    }
}

#[test]
fn ports_are_one_or_a_range() {
    let all = |text: &str| text.parse::<Ports>().map(|ports| ports.iter().collect::<Vec<_>>());
    assert_eq!(all("3001-3003").unwrap(), [3001, 3002, 3003]);
    assert_eq!(all("80").unwrap(), [80]);
    for wrong in ["3003-3001", "0-1", "1-70000", "1000-2000", "a-b"] {
        assert!(all(wrong).is_err(), "{wrong}");
    }
}
