//! What is written is read as what it was.

use super::codecs::{self, Form};
use super::random::Random;

const ROUNDS: usize = 500;

#[test]
fn payloads_come_back_as_they_went() {
    let mut random = Random::from_seed(0x1e);
    for _ in 0..ROUNDS {
        let units = random.units();
        for form in Form::ALL {
            let body = form.encode(&units);
            if let Some(size) = form.size(&units) {
                assert_eq!(body.len(), size, "{form:?}: {units:?}");
            }
            assert_eq!(form.decode(body, units.len()), Ok(units.clone()), "{form:?}");
        }
    }
}

#[test]
fn packets_come_back_as_they_went() {
    let mut random = Random::from_seed(0x42);
    for _ in 0..ROUNDS {
        let packet = random.packet();
        assert_eq!(codecs::decode(&codecs::encode(&packet)), Ok(vec![packet]));
    }
}
