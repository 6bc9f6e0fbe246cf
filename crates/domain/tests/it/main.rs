//! What takes more than a module to try: menus by chance, through files and back.

#[path = "../fuzz/menus.rs"]
mod menus;
mod transfer;
