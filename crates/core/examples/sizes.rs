use backstop_core::*;
use core::mem::size_of;
fn main() {
    println!(
        "Body {} Command {} Event {} Record {} Entry {} Genesis {}",
        size_of::<Body>(),
        size_of::<Command>(),
        size_of::<Event>(),
        size_of::<Record>(),
        size_of::<Entry>(),
        size_of::<Genesis>()
    );
    println!("Settle {}", size_of::<command::SettleLiquidation>());
}
