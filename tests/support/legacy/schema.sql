-- =====================================================================================================
-- WAWI 3.2 - order desk tables                                                      read this before use
-- =====================================================================================================
-- Notes for whoever has to connect something to this. I have looked after it since the move from the
-- AS/400; the names are the ones of that time (eight characters, German). Load into an empty database:
--     CREATE DATABASE WAWI CHARACTER SET latin1 COLLATE latin1_german1_ci;     mariadb WAWI < schema.sql
--
-- GENERAL
--   MANDT     Company. 01 = the works in Hagen, 02 = the Austrian daughter. BOTH use the same customer
--             numbers for different customers, so never read without MANDT.
--   LOEKZ     'X' = deleted. Rows are never really deleted; every table has it, every reader must look.
--   Flags     'J'/'N' in the old tables (a blank is N), 'X'/' ' in the newer ones.
--   Keys      There are no foreign keys. Customer numbers are eight digits with leading zeros in the
--             master tables ('00010042'), filled up with blanks to ten in PREISH, KOMM and AUFK
--             ('00010042  '), and a plain number in KDSALDO (10042). Item numbers are always 18 long:
--             old ones are digits with leading zeros, newer ones letters filled up with blanks.
--   Dates     Text, no zone, local time of the works (Germany, with summer time):
--               AENDAT, ERFDAT, GVON/GBIS in PREISH, STODAT   JJJJMMTT   20260331
--               BESTDAT, ANLDAT                               TTMMJJJJ   31032026
--                 (ANLDAT of rows taken over in 1998 is still TTMMJJ with two blanks behind it)
--               WTERM, LTERM, GABD                            JJMMTT     260331
--               SDAT in KDSALDO                               TTMMJJ     310326
--               GVON/GBIS in KUNADR                           TT.MM.JJ   31.03.26
--             Two-digit years: below 50 is 20xx, otherwise 19xx. All zeros (00000000, 000000, 00.00.00)
--             means none; 99991231 is "until further notice"; WTERM 999999 means "as soon as possible".
--             The time, if any, is in a column of its own: HHMMSS (AENZEIT, ERFZEIT, EZEIT) or HHMM (SZEIT).
--   Amounts   Text: German, dot for thousands, comma, SIGN BEHIND ('1.250,50-'; '+' or blank or nothing is
--             plus): KRLIM, SALDO, PREIS, BESTD, GEW. Integers: LPREIS, NETTO and WERT with two decimals
--             implied (12550 = 125,50); MENGE, MINMG, STFMG, VPEMG with three (2500 = 2,5).
--   PE        Price unit: blank = per 1, H = per 100, T = per 1000. Applies to PREIS and LPREIS.
--   Units     ST piece, KG kilogram, M metre, L litre, SA set, PAA pair, KRT carton, PAK packet, RLL roll.
--             An item has a base unit (MEINS) and at most one pack (VPEINH) that holds VPEMG base units.
--   Texts     KUNST, ARTST and most others are latin1. KUNADR came in 2014 and is utf8mb4. AUFTXT is still
--             cp850 from the DOS terminals. BEZ2 in ARTST was filled from the web shop in 2009 by a job that
--             wrote UTF-8 into the latin1 column; those rows show "Ã¼" for "ü". Rows typed since are right.
--
-- TABLES
--   KUNST     customers. LKZ is the car plate (D, A, CH, F, I, NL, PL, GB, S). USTID as it was typed. DUNS is a
--             number (leading zeros are lost, 0 = none). RABGR discount group A-C. KRLIM credit limit.
--             SPERR J = blocked, SPGRD why (TABST 007). ZBED terms (TABST 005), LBED Incoterm.
--   KOMM      ways to reach a customer. ART E = e-mail, D = mail domain, T = telephone, X = telefax.
--   KUNADR    addresses. ADRART L = deliver to, R = bill to. LAND is ISO here, not the car plate.
--   KDSALDO   what customers owe (minus = we owe them), UEBTG = days the oldest invoice is overdue. Written
--             by the night run; SDAT/SZEIT say when. A row older than a day means that the run failed.
--   ARTST     items. STAT A = active, L = running out (NACHF is the successor, if there is one), G = blocked.
--             BESTD = stock in base units, may be negative. LZT = days for what is not in stock.
--   KDART     customers' own part numbers, from GABD on.
--   PREISH    prices by customer; KDNR 'ALLE' holds for everybody. A price is never changed, a row with
--             the next LFDNR is written: of the rows with one MANDT, KDNR, ARTNR and GVON the highest LFDNR
--             counts, and if THAT one has LOEKZ 'X' the price is withdrawn. Of several that are valid on the
--             day the one with the latest GVON counts. The customer's own goes before ALLE. No row: list
--             price LPREIS (EUR).
--             The view V_PREAKT forgets the withdrawn ones. It is kept because a report needs it. Do not use it.
--   AUFK      order heads. Key MANDT, AUFJ (two-digit year), AUFNR. Printed as JJ-NNNNNNN: 26-0004711.
--             BESTNR is the customer's order number: capitals, cut off after 20 characters.
--             STAT E = entered, F = released, T = partly delivered, A = done, S = cancelled.
--             AENZL counts changes.
--   AUFP      order lines. POSNR 010, 020, ... WERT = line value. STAT as in the head.
--   AUFTXT    free text of an order in pieces of 40, POSNR 000 = head. Old engine: a text may be left
--             behind by an order that was not booked in the end.
--   NUMKR     number ranges. Numbers have gaps, that is normal.
--   TABST     texts of codes (TABNR 001 units, 002 countries, 005 terms, 006 order status, 007 block reasons).
--   EINGANG   what came in by mail, fax server and EDI and waits to be entered. STATUS N = new, B = somebody
--             has it (BEARB who, BEADAT/BEAZEIT since when), E = done, F = failed (FEHLTX). Take a row by
--             UPDATE ... WHERE STATUS = 'N'; whoever gets no row was too late. INHALT has one record a line:
--             K;customer number;order number;date(TTMMJJJJ)   P;line;part number;quantity;unit;price;LTERM
--   TAKT      one row that a job on the main server writes every minute. On the copy for the reports
--             (read only, updated behind the main server) it tells how old the data is.
--
-- WRITING ORDERS: only by the procedures. They commit themselves.
--   CALL AUFANL(mandt, kdnr, bestnr, bestdat, ladr, wterm, pos, text, @nr)
--             pos = lines separated by '|', fields by ';' :  part number;quantity;unit;price;LTERM
--             '000000000000104711;1.200,000;ST;12,50;260331|...'  Price empty: ours is taken. A price that is
--             given is taken as it is, per the item's PE. At most 99 lines. @nr becomes '26-0004711'. It does not
--             know whether it was called before: called twice it books twice.
--   CALL AUFSTO(mandt, nr)                       cancels what has not been delivered
--   CALL AUFTER(mandt, nr, aenzl, wterm)         changes WTERM if AENZL is still the one you read
--   Errors (SQLSTATE, number):
--     45K01 31001 customer unknown or deleted      45K02 31002 customer blocked
--     45K03 31003 no such delivery address
--     45A01 31011 item unknown or deleted          45A02 31012 item blocked     45A03 31013 unit not of this item
--     45P01 31021 no line, or a line with other than five fields
--     45P02 31022 not a number                     45P03 31023 quantity not above zero
--     45S01 31031 order unknown                    45S02 31032 delivered or cancelled already
--     45S03 31033 changed by somebody else
-- =====================================================================================================

CREATE TABLE KUNST (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  KDNR    CHAR(8)      NOT NULL,
  SUCHB   CHAR(10)     NOT NULL DEFAULT '',
  NAME1   VARCHAR(35)  NOT NULL DEFAULT '',
  NAME2   VARCHAR(35)  NOT NULL DEFAULT '',
  STR     VARCHAR(35)  NOT NULL DEFAULT '',
  LKZ     CHAR(3)      NOT NULL DEFAULT 'D',
  PLZ     VARCHAR(10)  NOT NULL DEFAULT '',
  ORT     VARCHAR(30)  NOT NULL DEFAULT '',
  USTID   VARCHAR(20)  NOT NULL DEFAULT '',
  DUNS    INT UNSIGNED NOT NULL DEFAULT 0,
  SPRACHE CHAR(1)      NOT NULL DEFAULT 'D',
  WAEHR   CHAR(3)      NOT NULL DEFAULT 'EUR',
  ZBED    CHAR(4)      NOT NULL DEFAULT '',
  LBED    CHAR(3)      NOT NULL DEFAULT '',
  RABGR   CHAR(1)      NOT NULL DEFAULT 'C',
  KRLIM   VARCHAR(14)  NOT NULL DEFAULT '0,00',
  SPERR   CHAR(1)      NOT NULL DEFAULT ' ',
  SPGRD   CHAR(2)      NOT NULL DEFAULT '',
  ANLDAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  AENDAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  AENZEIT CHAR(6)      NOT NULL DEFAULT '000000',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, KDNR),
  KEY IX_KUNST_SUCHB (MANDT, SUCHB)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE KOMM (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  KDNR    VARCHAR(10)  NOT NULL,
  LFD     SMALLINT     NOT NULL,
  ART     CHAR(1)      NOT NULL,
  WERT    VARCHAR(80)  NOT NULL DEFAULT '',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, KDNR, LFD)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE KUNADR (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  KDNR    CHAR(8)      NOT NULL,
  ADRART  CHAR(1)      NOT NULL,
  ADRNR   SMALLINT     NOT NULL,
  NAME    VARCHAR(60)  NOT NULL DEFAULT '',
  STR     VARCHAR(60)  NOT NULL DEFAULT '',
  PLZ     VARCHAR(10)  NOT NULL DEFAULT '',
  ORT     VARCHAR(40)  NOT NULL DEFAULT '',
  LAND    CHAR(2)      NOT NULL DEFAULT 'DE',
  GLN     CHAR(13)     NOT NULL DEFAULT '',
  GVON    CHAR(8)      NOT NULL DEFAULT '00.00.00',
  GBIS    CHAR(8)      NOT NULL DEFAULT '00.00.00',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, KDNR, ADRART, ADRNR)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE KDSALDO (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  KDNR    INT UNSIGNED NOT NULL,
  SALDO   VARCHAR(16)  NOT NULL DEFAULT '0,00',
  UEBTG   SMALLINT     NOT NULL DEFAULT 0,
  SDAT    CHAR(6)      NOT NULL DEFAULT '000000',
  SZEIT   CHAR(4)      NOT NULL DEFAULT '0000',
  PRIMARY KEY (MANDT, KDNR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE ARTST (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  ARTNR   VARCHAR(18)  NOT NULL,
  BEZ1    VARCHAR(40)  NOT NULL DEFAULT '',
  BEZ2    VARCHAR(60)  NOT NULL DEFAULT '',
  WGR     CHAR(3)      NOT NULL DEFAULT '',
  EAN     CHAR(13)     NOT NULL DEFAULT '0',
  MEINS   CHAR(3)      NOT NULL DEFAULT 'ST',
  VPEINH  CHAR(3)      NOT NULL DEFAULT '',
  VPEMG   INT          NOT NULL DEFAULT 0,
  MINMG   INT          NOT NULL DEFAULT 1000,
  STFMG   INT          NOT NULL DEFAULT 1000,
  LPREIS  INT          NOT NULL DEFAULT 0,
  PE      CHAR(1)      NOT NULL DEFAULT ' ',
  BESTD   VARCHAR(16)  NOT NULL DEFAULT '0,000',
  LZT     CHAR(3)      NOT NULL DEFAULT '000',
  STAT    CHAR(1)      NOT NULL DEFAULT 'A',
  NACHF   VARCHAR(18)  NOT NULL DEFAULT '',
  GEW     VARCHAR(10)  NOT NULL DEFAULT '',
  ANLDAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  AENDAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  AENZEIT CHAR(6)      NOT NULL DEFAULT '000000',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, ARTNR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE KDART (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  KDNR    CHAR(8)      NOT NULL,
  KDTNR   VARCHAR(35)  NOT NULL,
  ARTNR   VARCHAR(18)  NOT NULL,
  GABD    CHAR(6)      NOT NULL DEFAULT '000000',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, KDNR, KDTNR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE PREISH (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  KDNR    VARCHAR(10)  NOT NULL,
  ARTNR   VARCHAR(18)  NOT NULL,
  GVON    CHAR(8)      NOT NULL,
  LFDNR   SMALLINT UNSIGNED NOT NULL,
  GBIS    CHAR(8)      NOT NULL DEFAULT '99991231',
  PREIS   VARCHAR(14)  NOT NULL,
  PE      CHAR(1)      NOT NULL DEFAULT ' ',
  WAEHR   CHAR(3)      NOT NULL DEFAULT 'EUR',
  AENDAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  AENZEIT CHAR(6)      NOT NULL DEFAULT '000000',
  AENUSR  CHAR(8)      NOT NULL DEFAULT '',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, KDNR, ARTNR, GVON, LFDNR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE AUFK (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  AUFJ    CHAR(2)      NOT NULL,
  AUFNR   INT UNSIGNED NOT NULL,
  KDNR    VARCHAR(10)  NOT NULL,
  BESTNR  VARCHAR(20)  NOT NULL DEFAULT '',
  BESTDAT CHAR(8)      NOT NULL DEFAULT '00000000',
  LADR    SMALLINT     NOT NULL DEFAULT 0,
  WTERM   CHAR(6)      NOT NULL DEFAULT '000000',
  WAEHR   CHAR(3)      NOT NULL DEFAULT 'EUR',
  NETTO   BIGINT       NOT NULL DEFAULT 0,
  STAT    CHAR(1)      NOT NULL DEFAULT 'E',
  ERFDAT  CHAR(8)      NOT NULL,
  ERFZEIT CHAR(6)      NOT NULL,
  ERFUSR  CHAR(8)      NOT NULL DEFAULT '',
  STODAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  AENZL   SMALLINT     NOT NULL DEFAULT 0,
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, AUFJ, AUFNR),
  KEY IX_AUFK_BEST (MANDT, KDNR, BESTNR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE AUFP (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  AUFJ    CHAR(2)      NOT NULL,
  AUFNR   INT UNSIGNED NOT NULL,
  POSNR   CHAR(3)      NOT NULL,
  ARTNR   VARCHAR(18)  NOT NULL,
  BEZ     VARCHAR(40)  NOT NULL DEFAULT '',
  MENGE   INT          NOT NULL,
  ME      CHAR(3)      NOT NULL,
  PREIS   VARCHAR(14)  NOT NULL,
  PE      CHAR(1)      NOT NULL DEFAULT ' ',
  WERT    BIGINT       NOT NULL,
  LTERM   CHAR(6)      NOT NULL DEFAULT '000000',
  STAT    CHAR(1)      NOT NULL DEFAULT 'E',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (MANDT, AUFJ, AUFNR, POSNR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE AUFTXT (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  AUFJ    CHAR(2)      NOT NULL,
  AUFNR   INT UNSIGNED NOT NULL,
  POSNR   CHAR(3)      NOT NULL DEFAULT '000',
  ZEILE   SMALLINT     NOT NULL,
  TEXT    CHAR(40)     NOT NULL DEFAULT '',
  PRIMARY KEY (MANDT, AUFJ, AUFNR, POSNR, ZEILE)
) ENGINE=MyISAM DEFAULT CHARSET=cp850 COLLATE=cp850_general_ci;

CREATE TABLE NUMKR (
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  OBJ     CHAR(6)      NOT NULL,
  JAHR    CHAR(2)      NOT NULL,
  STAND   INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (MANDT, OBJ, JAHR)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE TABST (
  TABNR   CHAR(3)      NOT NULL,
  SCHL    CHAR(8)      NOT NULL,
  TEXT    VARCHAR(40)  NOT NULL DEFAULT '',
  LOEKZ   CHAR(1)      NOT NULL DEFAULT ' ',
  PRIMARY KEY (TABNR, SCHL)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE EINGANG (
  ID      INT UNSIGNED NOT NULL AUTO_INCREMENT,
  MANDT   CHAR(2)      NOT NULL DEFAULT '01',
  QUELLE  CHAR(4)      NOT NULL DEFAULT '',
  EDAT    CHAR(8)      NOT NULL,
  EZEIT   CHAR(6)      NOT NULL,
  STATUS  CHAR(1)      NOT NULL DEFAULT 'N',
  BEARB   VARCHAR(32)  NOT NULL DEFAULT '',
  BEADAT  CHAR(8)      NOT NULL DEFAULT '00000000',
  BEAZEIT CHAR(6)      NOT NULL DEFAULT '000000',
  FEHLTX  VARCHAR(200) NOT NULL DEFAULT '',
  INHALT  MEDIUMTEXT   NOT NULL,
  PRIMARY KEY (ID),
  KEY IX_EINGANG_STATUS (STATUS, ID)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

CREATE TABLE TAKT (
  LFD     SMALLINT     NOT NULL,
  TDAT    CHAR(8)      NOT NULL,
  TZEIT   CHAR(6)      NOT NULL,
  PRIMARY KEY (LFD)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci;

-- For the price list report. See the notes above: shows withdrawn prices too.
CREATE VIEW V_PREAKT AS
  SELECT P.MANDT, P.KDNR, P.ARTNR, P.GVON, P.GBIS, P.PREIS, P.PE, P.WAEHR
    FROM PREISH P
   WHERE P.LFDNR = (SELECT MAX(Q.LFDNR) FROM PREISH Q
                     WHERE Q.MANDT = P.MANDT AND Q.KDNR = P.KDNR AND Q.ARTNR = P.ARTNR
                       AND Q.GVON = P.GVON AND Q.LOEKZ <> 'X');

DELIMITER //

-- German number as text ('1.250,50-') to a number.
CREATE FUNCTION ZAHL(P_T VARCHAR(30)) RETURNS DECIMAL(15,4) DETERMINISTIC
BEGIN
  DECLARE V_T VARCHAR(30) DEFAULT TRIM(P_T);
  DECLARE V_VZ INT DEFAULT 1;
  IF RIGHT(V_T, 1) = '-' THEN SET V_VZ = -1; END IF;
  IF RIGHT(V_T, 1) IN ('-', '+') THEN SET V_T = TRIM(LEFT(V_T, CHAR_LENGTH(V_T) - 1)); END IF;
  SET V_T = REPLACE(REPLACE(V_T, '.', ''), ',', '.');
  IF V_T NOT REGEXP '^[0-9]{1,11}([.][0-9]{1,4})?$' THEN
    SIGNAL SQLSTATE '45P02' SET MYSQL_ERRNO = 31022, MESSAGE_TEXT = 'WAWI: keine Zahl';
  END IF;
  RETURN V_VZ * CAST(V_T AS DECIMAL(15,4));
END//

CREATE FUNCTION PEZAHL(P_PE CHAR(1)) RETURNS INT DETERMINISTIC
RETURN CASE P_PE WHEN 'H' THEN 100 WHEN 'T' THEN 1000 ELSE 1 END//

CREATE PROCEDURE AUFANL(
  IN  P_MANDT   CHAR(2),
  IN  P_KDNR    CHAR(8),
  IN  P_BESTNR  VARCHAR(40),
  IN  P_BESTDAT CHAR(8),
  IN  P_LADR    SMALLINT,
  IN  P_WTERM   CHAR(6),
  IN  P_POS     TEXT,
  IN  P_TEXT    VARCHAR(1000),
  OUT P_NR      CHAR(10))
  MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE V_SPERR, V_STAT, V_PE, V_PPE CHAR(1);
  DECLARE V_WAEHR, V_ME, V_MEINS, V_VPEINH CHAR(3);
  DECLARE V_JAHR CHAR(2) DEFAULT DATE_FORMAT(NOW(), '%y');
  DECLARE V_JMT CHAR(8) DEFAULT CONCAT(SUBSTR(P_BESTDAT, 5, 4), SUBSTR(P_BESTDAT, 3, 2), SUBSTR(P_BESTDAT, 1, 2));
  DECLARE V_NR, V_ANZ, V_I, V_VPEMG, V_LPREIS INT DEFAULT 0;
  DECLARE V_ZEILE TEXT;
  DECLARE V_ART VARCHAR(18);
  DECLARE V_BEZ VARCHAR(40);
  DECLARE V_PREIS VARCHAR(14);
  DECLARE V_MENGE, V_P DECIMAL(15,4);
  DECLARE V_WERT, V_NETTO BIGINT DEFAULT 0;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

  SET P_NR = NULL;
  SELECT MAX(SPERR), MAX(WAEHR) INTO V_SPERR, V_WAEHR
    FROM KUNST WHERE MANDT = P_MANDT AND KDNR = P_KDNR AND LOEKZ <> 'X';
  IF V_WAEHR IS NULL THEN
    SIGNAL SQLSTATE '45K01' SET MYSQL_ERRNO = 31001, MESSAGE_TEXT = 'WAWI: Kunde nicht vorhanden';
  END IF;
  IF V_SPERR = 'J' THEN
    SIGNAL SQLSTATE '45K02' SET MYSQL_ERRNO = 31002, MESSAGE_TEXT = 'WAWI: Kunde gesperrt';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM KUNADR WHERE MANDT = P_MANDT AND KDNR = P_KDNR AND ADRART = 'L'
                    AND ADRNR = P_LADR AND LOEKZ <> 'X') THEN
    SIGNAL SQLSTATE '45K03' SET MYSQL_ERRNO = 31003, MESSAGE_TEXT = 'WAWI: Lieferadresse nicht vorhanden';
  END IF;
  IF TRIM(IFNULL(P_POS, '')) = '' THEN
    SIGNAL SQLSTATE '45P01' SET MYSQL_ERRNO = 31021, MESSAGE_TEXT = 'WAWI: keine Position';
  END IF;

  -- The number is drawn first and stays used, whatever happens then.
  START TRANSACTION;
  INSERT INTO NUMKR (MANDT, OBJ, JAHR, STAND) VALUES (P_MANDT, 'AUF', V_JAHR, 1)
    ON DUPLICATE KEY UPDATE STAND = STAND + 1;
  SELECT STAND INTO V_NR FROM NUMKR WHERE MANDT = P_MANDT AND OBJ = 'AUF' AND JAHR = V_JAHR;
  COMMIT;

  START TRANSACTION;
  INSERT INTO AUFK (MANDT, AUFJ, AUFNR, KDNR, BESTNR, BESTDAT, LADR, WTERM, WAEHR, NETTO, STAT,
                    ERFDAT, ERFZEIT, ERFUSR)
    VALUES (P_MANDT, V_JAHR, V_NR, RPAD(P_KDNR, 10, ' '), UPPER(LEFT(TRIM(P_BESTNR), 20)), P_BESTDAT, P_LADR,
            P_WTERM, V_WAEHR, 0, 'E', DATE_FORMAT(NOW(), '%Y%m%d'), DATE_FORMAT(NOW(), '%H%i%s'),
            UPPER(LEFT(SUBSTRING_INDEX(USER(), '@', 1), 8)));
  WHILE V_I * 40 < CHAR_LENGTH(IFNULL(P_TEXT, '')) DO
    INSERT INTO AUFTXT (MANDT, AUFJ, AUFNR, POSNR, ZEILE, TEXT)
      VALUES (P_MANDT, V_JAHR, V_NR, '000', V_I + 1, SUBSTR(P_TEXT, V_I * 40 + 1, 40));
    SET V_I = V_I + 1;
  END WHILE;

  SET V_ANZ = CHAR_LENGTH(P_POS) - CHAR_LENGTH(REPLACE(P_POS, '|', '')) + 1, V_I = 0;
  WHILE V_I < V_ANZ DO
    SET V_I = V_I + 1;
    SET V_ZEILE = SUBSTRING_INDEX(SUBSTRING_INDEX(P_POS, '|', V_I), '|', -1);
    IF CHAR_LENGTH(V_ZEILE) - CHAR_LENGTH(REPLACE(V_ZEILE, ';', '')) <> 4 THEN
      SIGNAL SQLSTATE '45P01' SET MYSQL_ERRNO = 31021, MESSAGE_TEXT = 'WAWI: Position nicht lesbar';
    END IF;
    SET V_ART = RPAD(TRIM(SUBSTRING_INDEX(V_ZEILE, ';', 1)), 18, ' ');
    SET V_MENGE = ZAHL(SUBSTRING_INDEX(SUBSTRING_INDEX(V_ZEILE, ';', 2), ';', -1));
    SET V_ME = TRIM(SUBSTRING_INDEX(SUBSTRING_INDEX(V_ZEILE, ';', 3), ';', -1));
    SET V_PREIS = TRIM(SUBSTRING_INDEX(SUBSTRING_INDEX(V_ZEILE, ';', 4), ';', -1));
    IF V_MENGE <= 0 THEN
      SIGNAL SQLSTATE '45P03' SET MYSQL_ERRNO = 31023, MESSAGE_TEXT = 'WAWI: Menge nicht positiv';
    END IF;
    SET V_BEZ = NULL;
    SELECT MAX(BEZ1), MAX(STAT), MAX(MEINS), MAX(VPEINH), MAX(VPEMG), MAX(LPREIS), MAX(PE)
      INTO V_BEZ, V_STAT, V_MEINS, V_VPEINH, V_VPEMG, V_LPREIS, V_PE
      FROM ARTST WHERE MANDT = P_MANDT AND ARTNR = V_ART AND LOEKZ <> 'X';
    IF V_BEZ IS NULL THEN
      SIGNAL SQLSTATE '45A01' SET MYSQL_ERRNO = 31011, MESSAGE_TEXT = 'WAWI: Artikel nicht vorhanden';
    END IF;
    IF V_STAT = 'G' THEN
      SIGNAL SQLSTATE '45A02' SET MYSQL_ERRNO = 31012, MESSAGE_TEXT = 'WAWI: Artikel gesperrt';
    END IF;
    IF V_ME <> V_MEINS AND (V_VPEINH = '' OR V_ME <> V_VPEINH) THEN
      SIGNAL SQLSTATE '45A03' SET MYSQL_ERRNO = 31013, MESSAGE_TEXT = 'WAWI: Mengeneinheit passt nicht';
    END IF;
    IF V_PREIS = '' THEN
      SET V_PREIS = NULL, V_PPE = NULL;
      SELECT P.PREIS, P.PE INTO V_PREIS, V_PPE FROM PREISH P
       WHERE P.MANDT = P_MANDT AND P.KDNR IN (P_KDNR, 'ALLE') AND P.ARTNR = V_ART AND P.LOEKZ <> 'X'
         AND P.WAEHR = V_WAEHR AND P.GVON <= V_JMT AND P.GBIS >= V_JMT
         AND P.LFDNR = (SELECT MAX(Q.LFDNR) FROM PREISH Q
                         WHERE Q.MANDT = P.MANDT AND Q.KDNR = P.KDNR AND Q.ARTNR = P.ARTNR AND Q.GVON = P.GVON)
       ORDER BY P.KDNR = 'ALLE', P.GVON DESC LIMIT 1;
      IF V_PREIS IS NULL THEN
        SET V_PREIS = REPLACE(FORMAT(V_LPREIS / 100, 2, 'de_DE'), '.', '');
      ELSE
        SET V_PE = V_PPE;
      END IF;
    END IF;
    SET V_P = ZAHL(V_PREIS);
    SET V_WERT = ROUND(100 * V_MENGE * IF(V_ME = V_MEINS, 1, V_VPEMG / 1000) * V_P / PEZAHL(V_PE));
    SET V_NETTO = V_NETTO + V_WERT;
    INSERT INTO AUFP (MANDT, AUFJ, AUFNR, POSNR, ARTNR, BEZ, MENGE, ME, PREIS, PE, WERT, LTERM, STAT)
      VALUES (P_MANDT, V_JAHR, V_NR, LPAD(V_I * 10, 3, '0'), V_ART, V_BEZ, ROUND(V_MENGE * 1000), V_ME, V_PREIS,
              V_PE, V_WERT, SUBSTRING_INDEX(V_ZEILE, ';', -1), 'E');
  END WHILE;
  UPDATE AUFK SET NETTO = V_NETTO WHERE MANDT = P_MANDT AND AUFJ = V_JAHR AND AUFNR = V_NR;
  COMMIT;
  SET P_NR = CONCAT(V_JAHR, '-', LPAD(V_NR, 7, '0'));
END//

CREATE PROCEDURE AUFSTO(IN P_MANDT CHAR(2), IN P_NR CHAR(10)) MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE V_STAT CHAR(1);
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
  START TRANSACTION;
  SELECT MAX(STAT) INTO V_STAT FROM AUFK
   WHERE MANDT = P_MANDT AND AUFJ = LEFT(P_NR, 2) AND AUFNR = SUBSTR(P_NR, 4) AND LOEKZ <> 'X' FOR UPDATE;
  IF V_STAT IS NULL THEN
    SIGNAL SQLSTATE '45S01' SET MYSQL_ERRNO = 31031, MESSAGE_TEXT = 'WAWI: Auftrag nicht vorhanden';
  END IF;
  IF V_STAT IN ('T', 'A', 'S') THEN
    SIGNAL SQLSTATE '45S02' SET MYSQL_ERRNO = 31032, MESSAGE_TEXT = 'WAWI: Auftrag geliefert oder storniert';
  END IF;
  UPDATE AUFK SET STAT = 'S', STODAT = DATE_FORMAT(NOW(), '%Y%m%d'), AENZL = AENZL + 1
   WHERE MANDT = P_MANDT AND AUFJ = LEFT(P_NR, 2) AND AUFNR = SUBSTR(P_NR, 4);
  UPDATE AUFP SET STAT = 'S' WHERE MANDT = P_MANDT AND AUFJ = LEFT(P_NR, 2) AND AUFNR = SUBSTR(P_NR, 4);
  COMMIT;
END//

CREATE PROCEDURE AUFTER(IN P_MANDT CHAR(2), IN P_NR CHAR(10), IN P_AENZL SMALLINT, IN P_WTERM CHAR(6))
  MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  DECLARE V_STAT CHAR(1);
  DECLARE V_AENZL SMALLINT;
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
  START TRANSACTION;
  SELECT MAX(STAT), MAX(AENZL) INTO V_STAT, V_AENZL FROM AUFK
   WHERE MANDT = P_MANDT AND AUFJ = LEFT(P_NR, 2) AND AUFNR = SUBSTR(P_NR, 4) AND LOEKZ <> 'X' FOR UPDATE;
  IF V_STAT IS NULL THEN
    SIGNAL SQLSTATE '45S01' SET MYSQL_ERRNO = 31031, MESSAGE_TEXT = 'WAWI: Auftrag nicht vorhanden';
  END IF;
  IF V_STAT IN ('T', 'A', 'S') THEN
    SIGNAL SQLSTATE '45S02' SET MYSQL_ERRNO = 31032, MESSAGE_TEXT = 'WAWI: Auftrag geliefert oder storniert';
  END IF;
  IF V_AENZL <> P_AENZL THEN
    SIGNAL SQLSTATE '45S03' SET MYSQL_ERRNO = 31033, MESSAGE_TEXT = 'WAWI: Auftrag inzwischen veraendert';
  END IF;
  UPDATE AUFK SET WTERM = P_WTERM, AENZL = AENZL + 1
   WHERE MANDT = P_MANDT AND AUFJ = LEFT(P_NR, 2) AND AUFNR = SUBSTR(P_NR, 4);
  COMMIT;
END//

DELIMITER ;
