//! Sorting, once: std's sorts are compiled anew for every type and every key, some 6 KiB each, which is much in
//! a program that is at the front of every packed file.

use std::time::SystemTime;

/// The indices of `keys`, in the order of the keys.
pub(crate) fn order(keys: &[&[u8]]) -> Vec<usize> {
    let mut pairs: Vec<(&[u8], usize)> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, at)| at).collect()
}

/// `list` in the order of `keys`, which are as many.
pub(crate) fn sorted<T>(list: Vec<T>, keys: &[&[u8]]) -> Vec<T> {
    let order = order(keys);
    let mut slots: Vec<Option<T>> = list.into_iter().map(Some).collect();
    order.iter().filter_map(|&at| slots[at].take()).collect()
}

/// A time as a key; times before 1970 are as good as none.
pub(crate) fn key_of(time: SystemTime) -> [u8; 16] {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_and_stable() {
        let keys: [&[u8]; 4] = [b"b", b"a/x", b"a", b"b"];
        assert_eq!(order(&keys), [2, 1, 0, 3]);
        assert_eq!(sorted(vec![0, 1, 2, 3], &keys), [2, 1, 0, 3]);
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1);
        assert!(key_of(SystemTime::UNIX_EPOCH) < key_of(later));
    }
}
