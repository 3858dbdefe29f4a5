"""Addresses of databases: how they are written, shown without their passwords, and refused."""

from __future__ import annotations

import sys
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.postgis import SECRET, read, refusal

from stationplan.storage.database import is_database, shown_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgres://user@host:5432/db", "postgres://user@host:5432/db"),
        ("postgresql://user:geheim@host/db", "postgresql://user:***@host/db"),
        ("postgresql://:geheim@host/db", "postgresql://:***@host/db"),
        ("postgresql://user:@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:ge:heim@host/db", "postgresql://user:***@host/db"),
        ("postgresql://u:geheim@[::1]:5432,other:5433/db", "postgresql://u:***@[::1]:5432,other:5433/db"),
        ("postgresql:///db?host=%2Ftmp&password=geheim", "postgresql:///db?host=%2Ftmp&***"),
        ("postgresql:///db?pass%77ord=geheim", "postgresql:///db?***"),
        ("postgresql:///db?pasword=geheim", "postgresql:///db?***"),
        ("postgresql://user:geheim", "postgresql://***"),
        ("postgresql://user:ge/heim@host/db", "postgresql://***"),
        ("postgresql://user:ge@heim@host/db", "postgresql://***"),
        ("postgresql://user:ge?heim@host/db", "postgresql://***"),
        ("postgresql://user:ge#heim@host/db", "postgresql://***"),
        ("postgresql+psycopg://user:geheim@host/db", "postgresql://***"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    assert shown_url(url) == shown
    assert is_database(url)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["@host/db", "@host:1/db", "@", "", "/db", "?a=b"]))
def test_no_password_shows_however_it_is_written(before, after, rest):
    password = f"{before}{SECRET}{after}"
    for text in (password, quote(password, safe="")):
        assert SECRET not in shown_url(f"postgresql://user:{text}{rest}")
        assert SECRET not in shown_url(f"postgresql://host/db?password={text}")


@pytest.mark.parametrize(
    "address", ["postgresql+psycopg://u:p@h/d", " postgresql://h", "PostgreSQL://h", "postgres:/h"]
)
def test_an_address_written_badly_is_no_path(address):
    assert is_database(address)
    assert shown_url(address) == "postgresql://***"


@pytest.mark.parametrize("name", ["stations.csv", "data/postgresql/a.csv", "postgresql:", "http://host/db"])
def test_a_file_is_no_database(name):
    assert not is_database(name)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:ge@geheim@host/db",
        "postgresql://user:geheim",
        "postgresql://user:%zzgeheim@host/db",
        "postgresql+psycopg://user:geheim@host/db",
        "postgresql://user:geheim@host/db?no_such_setting=geheim",
    ],
)
def test_an_address_that_cannot_be_read_says_how_to_write_it(url):
    fault = refusal(read, url, query="SELECT 1")
    assert fault.code == "bad_address"
    assert "postgresql://user@host" in str(fault)
    assert SECRET not in str(fault)


def test_a_server_that_is_not_there_is_told():
    fault = refusal(read, f"postgresql://user:{SECRET}@127.0.0.1:1/db", query="SELECT 1")
    assert fault.code == "no_connection"
    assert "Check host, port" in str(fault)
    assert SECRET not in str(fault)


@pytest.mark.parametrize("library", ["geoalchemy2", "psycopg", "sqlalchemy"])
def test_without_the_libraries_the_command_that_installs_them_is_told(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    fault = refusal(read, f"postgresql://user:{SECRET}@host/db", query="SELECT 1")
    assert 'pip install "stationplan[postgis]"' in str(fault)
    assert SECRET not in str(fault)
