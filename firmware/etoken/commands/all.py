"""Importing this module fills the table of ``dispatch`` with every command."""

from etoken.commands import (
    chain_state,
    fetch,
    generate_key,
    info,
    install_anchor,
    personalise,
    prove_possession,
    read_certificate,
    sign_begin,
    sign_finish,
    store_receipt,
    wipe,
)

MODULES = (
    chain_state,
    fetch,
    generate_key,
    info,
    install_anchor,
    personalise,
    prove_possession,
    read_certificate,
    sign_begin,
    sign_finish,
    store_receipt,
    wipe,
)
