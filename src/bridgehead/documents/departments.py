"""Tells the name of a department from that of a company: a department orders nothing in its own name."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.tables.heading_parts import fold

_UNIT_WORDS: Final = """
    department departments departement dept dep office offices team teams desk division section group unit
    bureau
    abteilung abt referat stelle buero sekretariat gruppe
    service services direction pole cellule
    dpto departamento depto dto oficina seccion area equipo
    ufficio uff reparto servizio settore
    afdeling afd dienst kantoor
    dzial biuro sekcja zespol referat
    avdelning avd avdelningen enhet kontor kontoret
    afdelingen avdeling avdelingen
    setor departamento seccao oddeleni odbor usek osasto yksikko osztaly iroda reszleg
"""
_BUYING_WORDS: Final = """
    purchasing purchase purchases procurement buying buyer buyers sourcing orders ordering replenishment
    einkauf zentraleinkauf einkaufsabteilung einkaufsleitung einkaufsbuero beschaffung materialbeschaffung
    disposition materialwirtschaft bestellung bestellungen bestellwesen auftragsabwicklung
    achats achat approvisionnement approvisionnements appro commandes acheteurs
    compras compra aprovisionamiento aprovisionamientos pedidos suministros
    acquisti acquisto approvvigionamento approvvigionamenti ordini forniture
    inkoop inkoopafdeling inkopen bestellingen
    zakupy zakupow zaopatrzenie zaopatrzenia zamowienia zamowien
    inkop inkopsavdelning inkopsavdelningen
    indkob indkoeb indkobsafdeling indkobsafdelingen innkjop innkjopsavdeling innkjopsavdelingen bestillinger
    encomendas aprovisionamento nakup nakupu nakupni objednavky objednavek zasobovani
    ostot osto-osasto ostoosasto hankinta hankinnat tilaukset beszerzes beszerzesi rendelesek
"""
_OTHER_WORDS: Final = """
    order supply supplies stores stock planning logistics warehouse accounts accounting finance administration
    sales production maintenance engineering reception technical
    technik technische techniek technique techniques tecnico tecnica tecnici techniczny teknik tekniska teknisk
    lager buchhaltung verwaltung vertrieb logistik produktion instandhaltung fertigung wareneingang
    rechnungswesen
    commande logistique magasin comptabilite administratif ventes logistica almacen contabilidad administracion
    ventas produccion mantenimiento
    ordine magazzino contabilita amministrazione vendite produzione manutenzione magazijn boekhouding
    administratie verkoop productie onderhoud logistiek
    logistyka logistyki magazyn magazynu ksiegowosc ksiegowosci administracja sprzedaz sprzedazy handlowy
    produkcja
    ekonomi forsaljning ordre okonomi salg armazem vendas producao ucetnictvi sklad prodej osto varasto
    kirjanpito myynti rendeles logisztika raktar konyveles
"""
_INNER_WORDS: Final = """
    workshop werkstatt atelier taller officina werkplaats warsztat verkstad verkstaden vaerksted verksted oficina dilna
    instandhaltung fertigungsplanung arbeitsvorbereitung ordonnancement planificacion programmazione planowanie
    underhall produktionsplanering
"""
"""Words of those who need the goods and pass their wish on: alone they name no company."""
_FILLER_WORDS: Final = """
    the of and for our a i ia iv pp im in auf der die des das und fuer unser unsere zentrale zentraler zentral
    strategischer strategische operativer operative technischer allgemeiner central centrale centraal
    strategic general head de du la le les et l d del y e di della dell delle dei van en het onze ons
    og och av w z oraz do ds da dos
"""
_FILLERS: Final = frozenset(_FILLER_WORDS.split())
_UNITS: Final = frozenset(_UNIT_WORDS.split())
_BUYING: Final = frozenset(_BUYING_WORDS.split() + _INNER_WORDS.split())
_OTHERS: Final = frozenset(_OTHER_WORDS.split())
"""Words that also name companies: alone they name a department only beside a word for one, or beside the buying."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_MOST: Final = 8


def is_department(name: str) -> bool:
    """Whether a name is only that of a department (``Ufficio Acquisti``, ``Zentraler Einkauf``), in a dozen languages.

    A company that is called by such a word and more (``Einkauf Nord GmbH``) is none.
    """
    if any(map(str.isdigit, name)):
        return False
    words = _WORD.findall(fold(name).replace("'", " ").replace("\u2019", " "))
    works = _BUYING | _OTHERS
    named = any(word in _BUYING for word in words) or (
        any(word in _OTHERS for word in words) and any(word in _UNITS for word in words)
    )
    return named and len(words) <= _MOST and all(word in works or word in _UNITS or word in _FILLERS for word in words)
