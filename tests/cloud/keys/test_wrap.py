"""Wrapping: what comes back is what went in, under the same master key and the same ID only."""

import base64
import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsconsole.cloud.keys.wrap import NONCE_BYTES, Master, master_from, new_master
from imsconsole.core.errors import ImsError

secrets = st.binary(min_size=32, max_size=32)


def refused(master: Master, key_id: uuid.UUID, wrapped: bytes) -> bool:
    with pytest.raises(ImsError) as error:
        master.unwrap(key_id, wrapped)
    return error.value.code == "key-damaged"


@given(secrets, st.uuids(), secrets)
def test_what_is_unwrapped_is_what_was_wrapped(secret, key_id, material):
    master = Master(secret)
    wrapped = master.wrap(key_id, material)
    assert master.unwrap(key_id, wrapped) == material
    assert material not in wrapped
    assert len(wrapped) == NONCE_BYTES + 32 + 16


@given(secrets, st.uuids(), st.uuids(), secrets, secrets)
def test_another_id_or_another_master_key_gets_nothing(secret, key_id, other_id, other_secret, material):
    wrapped = Master(secret).wrap(key_id, material)
    if other_id != key_id:
        assert refused(Master(secret), other_id, wrapped)
    if other_secret != secret:
        assert refused(Master(other_secret), key_id, wrapped)


@given(st.data())
def test_a_flipped_bit_is_noticed(data):
    master, key_id = Master(bytes(32)), uuid.UUID(int=1)
    wrapped = bytearray(master.wrap(key_id, bytes(range(32))))
    place = data.draw(st.integers(0, len(wrapped) * 8 - 1))
    wrapped[place // 8] ^= 1 << place % 8
    assert refused(master, key_id, bytes(wrapped))


@given(st.binary(max_size=60))
def test_bytes_that_were_never_wrapped_are_refused(rubbish):
    assert refused(Master(bytes(32)), uuid.UUID(int=1), rubbish)


def test_the_same_material_is_wrapped_another_way_each_time():
    master, key_id = new_master(), uuid.uuid4()
    assert len({master.wrap(key_id, bytes(32)) for _ in range(1000)}) == 1000


@given(
    st.text("AZaz09+/= \n", max_size=60)
    | st.binary(max_size=40).map(lambda secret: base64.b64encode(secret).decode())
)
def test_only_32_bytes_in_base64_are_a_master_key(text):
    master = master_from(text)
    assert master is None or (len(master.secret), master.text) == (32, text.strip())


def test_a_master_key_is_read_as_it_is_written():
    master = new_master()
    assert master_from(f" {master.text}\n") == master
    assert master_from(base64.b64encode(os.urandom(31)).decode()) is None


def test_a_master_key_shows_itself_nowhere():
    master = new_master()
    for shown in (repr(master), str(master), f"{[master]}", master.fingerprint):
        assert master.text not in shown
        assert repr(master.secret) not in shown
        assert master.secret.hex() not in shown
