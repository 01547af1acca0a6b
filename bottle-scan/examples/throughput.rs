//! Scans files from memory, and says how fast.

use std::time::Instant;

use bottle_scan::Scanner;

fn main() -> std::io::Result<()> {
    let scanner = Scanner::new();
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        let mut best = f64::INFINITY;
        let mut count = 0;
        for _ in 0..3 {
            let start = Instant::now();
            count = scanner.scan(&bytes).findings.len();
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!(
            "{:8.1} MB/s  {count:6} findings  {file}",
            bytes.len() as f64 / 1e6 / best
        );
    }
    Ok(())
}
