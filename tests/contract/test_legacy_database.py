from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import pymysql
import pytest
import sqlalchemy as sa

from tests.support import mariadb
from tests.support.legacy.seed import amount, rows
from tests.support.mariadb import Legacy, Replica

Part = tuple[str, str, str]
"""Item number, base unit, pack."""


def book(legacy: Legacy, customer: str, lines: str, *, reference: str = "4711/süd", text: str = "", at: int = 1) -> str:
    """Calls AUFANL as the order user and returns the number it gave out."""
    with closing(legacy.connect("auftrag")) as conn, conn.cursor() as cursor:
        cursor.execute(
            "CALL AUFANL('01', %s, %s, '24112026', %s, '261215', %s, %s, @nr)", (customer, reference, at, lines, text)
        )
        cursor.execute("SELECT @nr")
        found = cursor.fetchone()
    assert found is not None
    return str(found[0])


def call(legacy: Legacy, statement: str, *values: object) -> None:
    """Calls a procedure as the order user."""
    with closing(legacy.connect("auftrag")) as conn, conn.cursor() as cursor:
        cursor.execute(statement, values)


def customer(legacy: Legacy, where: str = "SPERR <> 'J' AND WAEHR = 'EUR'") -> str:
    """Returns the number of the first customer of the works for whom the condition holds."""
    return str(legacy.rows(f"SELECT MIN(KDNR) FROM KUNST WHERE MANDT = '01' AND LOEKZ <> 'X' AND {where}")[0][0])


def part(legacy: Legacy, where: str) -> Part:
    """Returns the first item that can be ordered for which the condition holds."""
    query = f"SELECT TRIM(ARTNR), MEINS, VPEINH FROM ARTST WHERE STAT = 'A' AND LOEKZ <> 'X' AND {where} ORDER BY ARTNR"
    number, unit, pack = legacy.rows(query)[0]
    return str(number), str(unit), str(pack)


def orders(legacy: Legacy) -> int:
    """Returns how many orders the firm's own table holds."""
    return int(legacy.rows("SELECT COUNT(*) FROM AUFK")[0][0])


def spelt(text: str) -> bool:
    """Tells whether a text has a letter that encodings disagree on."""
    return not text.isascii()


def stored(legacy: Legacy, table: str, column: str) -> Iterator[tuple[str, bytes]]:
    """Yields what a reader sees and the bytes that lie there, where encodings disagree."""
    for seen, laid in legacy.rows(f"SELECT {column}, HEX({column}) FROM {table}"):
        if spelt(seen):
            yield seen, bytes.fromhex(laid)


@pytest.mark.parametrize(
    "table, column, encoding",
    [
        ("KUNST", "NAME1", "cp1252"),
        ("KUNADR", "NAME", "utf-8"),
        ("AUFTXT", "TEXT", "cp850"),
        ("ARTST", "BEZ1", "cp1252"),
    ],
)
def test_umlauts_lie_in_three_encodings(legacy: Legacy, table: str, column: str, encoding: str) -> None:
    """A name is stored in the bytes of its table's encoding and is read right all the same."""
    found = list(stored(legacy, table, column))
    assert len(found) > 10
    for seen, laid in found:
        assert laid == seen.encode(encoding)
        assert "Ã" not in seen


def test_one_column_holds_the_bytes_of_another_encoding(legacy: Legacy) -> None:
    """Some second lines of items are UTF-8 bytes in a latin1 column, and cp1252 alone cannot undo all of them."""
    found = list(stored(legacy, "ARTST", "BEZ2"))
    wrong = [(seen, laid) for seen, laid in found if "Ã" in seen]
    assert 0 < len(wrong) < len(found)
    assert {spelt(laid.decode("utf-8")) for _, laid in wrong} == {True}
    assert any("\x81" in seen for seen, _ in wrong)
    for seen, laid in found:
        if "Ã" not in seen:
            assert laid == seen.encode("cp1252")


def test_the_same_seed_gives_the_same_rows() -> None:
    """The database is the same for one seed and another for another one."""
    assert rows(3) == rows(3)
    assert rows(3) != rows(4)


def test_nothing_in_the_schema_helps(legacy: Legacy) -> None:
    """There is no foreign key, no date, no decimal number, and no key of one column but the queue's and the beat's."""
    of_this = "TABLE_SCHEMA = DATABASE()"
    kinds = {
        row[0] for row in legacy.rows(f"SELECT DISTINCT DATA_TYPE FROM information_schema.COLUMNS WHERE {of_this}")
    }
    assert kinds <= {"char", "varchar", "mediumtext", "smallint", "int", "bigint"}
    links = (
        f"SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = '{legacy.database}'"
    )
    assert legacy.rows(links) == ((0,),)
    keys = legacy.rows(
        f"SELECT TABLE_NAME, COUNT(*) FROM information_schema.STATISTICS WHERE {of_this} AND INDEX_NAME = 'PRIMARY' "
        "GROUP BY TABLE_NAME"
    )
    assert {table for table, columns in keys if columns == 1} == {"EINGANG", "TAKT"}


@pytest.mark.parametrize(
    "table, column, forms",
    [
        ("KUNST", "ANLDAT", (r"\d{8}", r"\d{6}  ")),
        ("KUNST", "KRLIM", (r"[\d.]+,\d\d", r"[\d.]+,\d\d\+", r"[\d.]+,\d\d ")),
        ("KUNST", "USTID", (r"", r"DE\d{9}", r"DE \d{3} \d{3} \d{3}", r"de-\d{9}")),
        ("KUNADR", "GVON", (r"00\.00\.00", r"\d\d\.\d\d\.[89]\d", r"\d\d\.\d\d\.[012]\d")),
        ("KDSALDO", "SALDO", (r"0,00", r"[\d.]+,\d\d", r"[\d.]+,\d\d-")),
        ("PREISH", "GBIS", (r"20251231", r"99991231")),
        ("PREISH", "KDNR", (r"\d{8}  ", r"ALLE      ")),
        ("ARTST", "ARTNR", (r"0{10}\d{8}", r"[A-Z]{3}-\d\d\.\d{4,5} +")),
        ("ARTST", "BESTD", (r"0,000", r"[\d.]+,000-")),
        ("AUFK", "WTERM", (r"000000", r"999999", r"2[3-6]\d{4}", r"99\d{4}")),
        ("AUFK", "STODAT", (r"00000000", r"20\d{6}")),
    ],
)
def test_one_column_has_several_forms(legacy: Legacy, table: str, column: str, forms: tuple[str, ...]) -> None:
    """Each form that the manual names is there, with the blanks that the column's programs left."""
    with closing(legacy.connect()) as conn, conn.cursor() as cursor:
        # A reader may ask for the blanks that CHAR hides.
        cursor.execute("SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'")
        cursor.execute(f"SELECT DISTINCT {column} FROM {table}")
        found = {str(row[0]) for row in cursor.fetchall()}
    for form in forms:
        assert any(re.fullmatch(form, text) for text in found), form


def test_companies_share_customer_numbers(legacy: Legacy) -> None:
    """Who reads a customer without the company gets two of them, and they are different firms."""
    twice = legacy.rows(
        "SELECT A.NAME1, B.NAME1 FROM KUNST A JOIN KUNST B ON A.KDNR = B.KDNR WHERE A.MANDT = '01' AND B.MANDT = '02'"
    )
    assert len(twice) > 5
    assert sum(first != second for first, second in twice) > len(twice) / 2


def test_an_order_is_booked_as_the_manual_says(legacy: Legacy) -> None:
    """A call books a head and its lines, in cents by pack and price unit, and gives the number out."""
    who = customer(legacy)
    screws, unit, pack = part(legacy, "PE = 'H' AND VPEMG = 100000")
    hose, metre, _ = part(legacy, "MEINS = 'M'")
    lines = (
        f"{screws};1.200,000;{unit};12,50;261201",
        f"{screws};3;{pack};12,50;261201",
        f"{hose};2,5;{metre};7,35;000000",
    )
    text = "Bitte für Außenlager Süd getrennt packen, große Kiste"
    number = book(legacy, who, "|".join(lines), reference="Bestellung 4711/süd-2026", text=text)
    assert re.fullmatch(r"\d\d-\d{7}", number)
    year, _, at = number.partition("-")
    key = f"WHERE MANDT = '01' AND AUFJ = '{year}' AND AUFNR = {int(at)}"
    head = legacy.rows(f"SELECT KDNR, BESTNR, BESTDAT, WTERM, STAT, NETTO, ERFUSR, AENZL FROM AUFK {key}")
    cents = [
        round(100 * value)
        for value in (Decimal(1200) * Decimal("12.50") / 100, Decimal(300) * Decimal("12.50") / 100, Decimal("18.375"))
    ]
    assert cents == [15000, 3750, 1838]
    assert head == ((f"{who}  ", "BESTELLUNG 4711/SÜD-", "24112026", "261215", "E", sum(cents), "AUFTRAG", 0),)
    booked = legacy.rows(f"SELECT POSNR, ARTNR, MENGE, ME, PREIS, WERT, LTERM FROM AUFP {key} ORDER BY POSNR")
    assert booked == (
        ("010", f"{screws:<18}", 1200000, unit, "12,50", 15000, "261201"),
        ("020", f"{screws:<18}", 3000, pack, "12,50", 3750, "261201"),
        ("030", f"{hose:<18}", 2500, metre, "7,35", 1838, "000000"),
    )
    texts = legacy.rows(f"SELECT TEXT FROM AUFTXT {key} ORDER BY ZEILE")
    assert "".join(row[0] for row in texts) == text


def test_an_empty_price_takes_the_current_one(legacy: Legacy) -> None:
    """Without a price the order gets the one of the highest version, and the list price once that is withdrawn."""
    who = customer(legacy)
    number, unit, _ = part(legacy, "PE = ' '")
    columns = "MANDT, GVON, PE, KDNR, ARTNR, LFDNR, PREIS, LOEKZ"
    query = f"INSERT INTO PREISH ({columns}) VALUES ('01', '20261001', ' ', %s, %s, %s, %s, %s)"
    legacy.change("DELETE FROM PREISH WHERE ARTNR = %s", number)
    paid = []
    for version, price, gone in ((1, "1.017,25", " "), (2, "99,10+", " "), (3, "99,10", "X")):
        legacy.change(query, f"{who}  ", f"{number:<18}", version, price, gone)
        book(legacy, who, f"{number};1;{unit};;000000")
        paid.append(legacy.rows("SELECT WERT FROM AUFP ORDER BY AUFJ = '99', AUFJ DESC, AUFNR DESC LIMIT 1")[0][0])
    ((listed,),) = legacy.rows("SELECT LPREIS FROM ARTST WHERE ARTNR = %s", number)
    assert paid == [101725, 9910, listed]
    ((seen,),) = legacy.rows("SELECT PREIS FROM V_PREAKT WHERE ARTNR = %s AND KDNR = %s", number, who)
    assert seen == "99,10+", "the view that the manual warns of shows the withdrawn price"


@pytest.mark.parametrize(
    "who, lines, state, code",
    [
        ("99999999", "{item};1;ST;1,00;000000", "45K01", 31001),
        ("{gone}", "{item};1;ST;1,00;000000", "45K01", 31001),
        ("{blocked}", "{item};1;ST;1,00;000000", "45K02", 31002),
        ("{good}", "NIX-0815;1;ST;1,00;000000", "45A01", 31011),
        ("{good}", "{stopped};1;ST;1,00;000000", "45A02", 31012),
        ("{good}", "{item};1;KG;1,00;000000", "45A03", 31013),
        ("{good}", "", "45P01", 31021),
        ("{good}", "{item};1;ST;1,00", "45P01", 31021),
        ("{good}", "{item};1;ST;1,00;000000|", "45P01", 31021),
        ("{good}", "{item};1.5x;ST;1,00;000000", "45P02", 31022),
        ("{good}", "{item};1;ST;1,00 EUR;000000", "45P02", 31022),
        ("{good}", "{item};5-;ST;1,00;000000", "45P03", 31023),
    ],
)
def test_a_wrong_order_is_refused_with_its_state(legacy: Legacy, who: str, lines: str, state: str, code: int) -> None:
    """Each refusal has an SQLSTATE and a number of its own, and no head or line is left of it."""
    names = {
        "good": customer(legacy),
        "blocked": customer(legacy, "SPERR = 'J'"),
        "gone": str(legacy.rows("SELECT MIN(KDNR) FROM KUNST WHERE MANDT = '01' AND LOEKZ = 'X'")[0][0]),
        "item": part(legacy, "MEINS = 'ST'")[0],
        "stopped": str(legacy.rows("SELECT TRIM(MIN(ARTNR)) FROM ARTST WHERE STAT = 'G' AND LOEKZ <> 'X'")[0][0]),
    }
    before = orders(legacy), legacy.rows("SELECT COUNT(*) FROM AUFP")
    with pytest.raises(pymysql.err.Error) as refused:
        book(legacy, who.format(**names), lines.format(**names))
    assert (refused.value.sqlstate, refused.value.args[0]) == (state, code)
    assert (orders(legacy), legacy.rows("SELECT COUNT(*) FROM AUFP")) == before


def test_an_address_that_is_not_there_is_refused(legacy: Legacy) -> None:
    """An order to an address that the customer does not have is not booked."""
    with pytest.raises(pymysql.err.Error) as refused:
        book(legacy, customer(legacy), f"{part(legacy, 'TRUE')[0]};1;ST;1,00;000000", at=17)
    assert refused.value.sqlstate == "45K03"


def test_the_same_call_twice_books_twice(legacy: Legacy) -> None:
    """The procedure knows no key: who repeats a call has two orders with the customer's one number."""
    who, (number, unit, _) = customer(legacy), part(legacy, "TRUE")
    made = [book(legacy, who, f"{number};1;{unit};1,00;000000", reference="einmal") for _ in range(2)]
    assert len(set(made)) == 2
    found = legacy.rows("SELECT COUNT(*) FROM AUFK WHERE MANDT = '01' AND KDNR = %s AND BESTNR = 'EINMAL'", who)
    assert found == ((2,),)


def test_a_refused_line_leaves_a_gap_and_a_text(legacy: Legacy) -> None:
    """The number of an order that failed at its second line is used up, and its text stays without an order."""
    who, (number, unit, _) = customer(legacy), part(legacy, "TRUE")
    first = book(legacy, who, f"{number};1;{unit};1,00;000000")
    with pytest.raises(pymysql.err.Error):
        book(legacy, who, f"{number};1;{unit};1,00;000000|NIX;1;ST;1,00;000000", text="verwaist")
    second = book(legacy, who, f"{number};1;{unit};1,00;000000")
    assert int(second[3:]) == int(first[3:]) + 2
    assert legacy.rows("SELECT COUNT(*) FROM AUFTXT WHERE TEXT = 'verwaist'") == ((1,),)


def test_an_order_changes_only_for_who_read_it_last(legacy: Legacy) -> None:
    """A change with an old counter is refused, a cancelled order takes no further change."""
    who, (number, unit, _) = customer(legacy), part(legacy, "TRUE")
    made = book(legacy, who, f"{number};1;{unit};1,00;000000")
    call(legacy, "CALL AUFTER('01', %s, 0, '270101')", made)
    for statement, values, state in (
        ("CALL AUFTER('01', %s, 0, '270202')", (made,), "45S03"),
        ("CALL AUFTER('01', '26-9999999', 0, '270202')", (), "45S01"),
        ("CALL AUFSTO('01', '26-9999999')", (), "45S01"),
        ("CALL AUFSTO('01', %s)", (made,), None),
        ("CALL AUFSTO('01', %s)", (made,), "45S02"),
        ("CALL AUFTER('01', %s, 2, '270202')", (made,), "45S02"),
    ):
        if state is None:
            call(legacy, statement, *values)
            continue
        with pytest.raises(pymysql.err.Error) as refused:
            call(legacy, statement, *values)
        assert refused.value.sqlstate == state
    found = legacy.rows("SELECT WTERM, STAT, AENZL FROM AUFK WHERE AUFJ = %s AND AUFNR = %s", made[:2], int(made[3:]))
    assert found == (("270101", "S", 2),)


def test_an_order_is_entered_in_local_time(legacy: Legacy) -> None:
    """Dates and times are those of a German clock, an hour or two before UTC, and say so nowhere."""
    ((hours,),) = legacy.rows("SELECT ROUND(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) / 3600)")
    assert hours in {1, 2}
    book(legacy, customer(legacy), "{};1;{};1,00;000000".format(*part(legacy, "TRUE")))
    ((late,),) = legacy.rows(
        "SELECT TIMESTAMPDIFF(SECOND, STR_TO_DATE(CONCAT(ERFDAT, ERFZEIT), '%%Y%%m%%d%%H%%i%%s'), NOW()) "
        "FROM AUFK WHERE ERFUSR = %s", "AUFTRAG",
    )  # fmt: skip
    assert 0 <= late < 60


def test_the_night_run_leaves_some_balances_old(legacy: Legacy) -> None:
    """After the night run nearly all balances are of today, and those whose run failed keep their old day."""
    legacy.night_run()
    ((fresh, all_of_them),) = legacy.rows("SELECT SUM(SDAT = DATE_FORMAT(NOW(), '%d%m%y')), COUNT(*) FROM KDSALDO")
    assert all_of_them / 2 < fresh < all_of_them


@pytest.mark.parametrize(
    "role, statement",
    [
        ("lesen", "UPDATE KUNST SET SPERR = 'N'"),
        ("lesen", "CALL AUFSTO('01', '26-0000001')"),
        ("auftrag", "INSERT INTO AUFK (AUFJ, AUFNR, KDNR, ERFDAT, ERFZEIT) VALUES ('26', 1, '1', '', '')"),
        ("auftrag", "DELETE FROM EINGANG"),
    ],
)
def test_a_user_may_do_no_more_than_its_part(legacy: Legacy, role: mariadb.Role, statement: str) -> None:
    """The reader reads, the order user books by the procedures and claims rows, and neither does more."""
    with (
        closing(legacy.connect(role)) as conn,
        conn.cursor() as cursor,
        pytest.raises(pymysql.err.OperationalError, match="denied"),
    ):
        cursor.execute(statement)


def test_a_wrong_password_is_refused(legacy: Legacy) -> None:
    """Not even the root user gets in without a password."""
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=legacy.server.port, user="root", ssl_disabled=True)


def test_a_row_of_the_queue_goes_to_one(legacy: Legacy) -> None:
    """Of two who claim a waiting row, one gets it, as the manual says it is done."""
    ((waiting,),) = legacy.rows("SELECT MIN(ID) FROM EINGANG WHERE STATUS = 'N'")
    claim = "UPDATE EINGANG SET STATUS = 'B', BEARB = %s WHERE ID = %s AND STATUS = 'N'"
    with closing(legacy.connect("auftrag")) as one, closing(legacy.connect("auftrag")) as other:
        assert one.cursor().execute(claim, ("eins", waiting)) == 1
        assert other.cursor().execute(claim, ("zwei", waiting)) == 0
    assert legacy.rows("SELECT BEARB FROM EINGANG WHERE ID = %s", waiting) == (("eins",),)


def test_the_copy_lags_until_it_is_let_go(legacy: Legacy, replica: Replica) -> None:
    """An order is not in the copy while that is held back, and is there once it is let go."""
    query = "SELECT COUNT(*) FROM AUFK"
    before = orders(legacy)
    replica.hold()
    book(legacy, customer(legacy), "{};1;{};1,00;000000".format(*part(legacy, "TRUE")))
    assert orders(legacy) == before + 1
    assert replica.rows(query) == ((before,),)
    assert replica.status()["Slave_SQL_Running"] == "No"
    replica.release()
    assert replica.rows(query) == ((before + 1,),)


def test_a_delayed_copy_tells_how_far_it_is_behind(legacy: Legacy, replica: Replica) -> None:
    """A reader of a copy with a delay sees old rows and may ask how many seconds they are behind."""
    beat = "SELECT TDAT, TZEIT FROM TAKT"
    before = legacy.rows(beat)
    replica.delay(3600)
    legacy.beat()
    assert 3000 < replica.delay_bites() <= 3600
    assert replica.rows(beat) == before != legacy.rows(beat)
    replica.delay(0)
    replica.catch_up()
    assert replica.rows(beat) == legacy.rows(beat)


def test_sqlalchemy_reflects_what_is_there(legacy: Legacy) -> None:
    """A URL with the reader's password shows SQLAlchemy every table, the keys and the view."""
    engine = sa.create_engine(legacy.url())
    try:
        seen = sa.inspect(engine)
        assert len(seen.get_table_names()) == 14
        assert seen.get_pk_constraint("PREISH")["constrained_columns"] == ["MANDT", "KDNR", "ARTNR", "GVON", "LFDNR"]
        assert seen.get_view_names() == ["V_PREAKT"]
        assert not any(seen.get_foreign_keys(table) for table in seen.get_table_names())
    finally:
        engine.dispose()


def test_the_foreign_database_loads(northwind: str) -> None:
    """The order database of somebody else is readable by SQLAlchemy, with links between its tables."""
    engine = sa.create_engine(northwind)
    try:
        seen = sa.inspect(engine)
        assert {"Customers", "Products", "Orders", "Order Details"} <= set(seen.get_table_names())
        assert seen.get_pk_constraint("Order Details")["constrained_columns"] == ["OrderID", "ProductID"]
        assert seen.get_foreign_keys("Order Details")
        with engine.connect() as conn:
            orphans = 'SELECT COUNT(*) FROM "Order Details" WHERE OrderID NOT IN (SELECT OrderID FROM Orders)'
            assert conn.execute(sa.text(orphans)).scalar_one() == 0
            assert conn.execute(sa.text("SELECT COUNT(*) FROM Orders")).scalar_one() > 100
    finally:
        engine.dispose()


def test_a_machine_without_it_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no mariadbd the reason names the command that installs it."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(mariadb.Absent, match="make services"):
        mariadb.start(server_id=1)


@pytest.mark.parametrize(
    "units, places, text",
    [(-125050, 2, "1.250,50-"), (0, 3, "0,000"), (5, 2, "0,05"), (1234567890, 2, "12.345.678,90")],
)
def test_amounts_are_written_the_german_way(units: int, places: int, text: str) -> None:
    """An amount has dots for thousands, a comma, and its sign behind."""
    assert amount(units, places) == text
