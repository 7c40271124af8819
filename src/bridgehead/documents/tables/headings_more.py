"""Headings and labels of orders in Danish, Norwegian, Portuguese, Czech, Slovak, Finnish and Hungarian."""

from __future__ import annotations

from typing import Final

MORE_FIELDS: Final[dict[str, str]] = {
    "position": "linje linjenr linha item polozka cislopolozky radek rivi rivinro tetel sorszam ssz",
    "part": """varenr varenummer varekode produktnr artigo codigoartigo codartigo refartigo codigoproduto zbozi cislozbozi cisloartiklu
      kodzbozi tuotenro tuotenumero tuotekoodi nimikenro cikkszam termekkod tetelszam cislopolozky""",
    "article": "vare varer produto zbozi tuote nimike termek cikk vyrobek",
    "customer_part": """voresvarenr vortvarenr kundensvarenr nossareferencia nossaref refcliente codigocliente1 nasecislo nasecislozbozi
      asiakkaantuotenro omatuotenro sajatcikkszam vevoicikkszam""",
    "supplier_part": """leverandorvarenr leverandorensvarenr deresvarenr reffornecedor referenciafornecedor codigofornecedor
      cislododavatele kododavatele dodavatelskecislo toimittajantuotenro toimittajannimike szallitoicikkszam""",
    "description": """beskrivelse varebeskrivelse varetekst betegnelse navn descricao designacao descricaodoartigo popis nazev nazevzbozi oznaceni
      kuvaus nimi tuotenimi megnevezes leiras termeknev""",
    "quantity": """antall maengde mengde bestiltantal bestiltantall quantidade quant qtde qtd qde mnozstvi pocet pocetks objednanemnozstvi
      maara tilausmaara kpl mennyiseg menny rendeltmennyiseg darabszam""",
    "unit": "enhed maleenhed un unidade unidademedida jednotka mernajednotka mj yksikko yks mertekegyseg egyseg me",
    "price": """enhedspris enhetspris stkpris nettopris precounitario precounit preco punit cenazajednotku jednotkovacena cenaks cenabezdph
      hinta yksikkohinta ahinta ahintaeur egysegar nettoegysegar ar""",
    "amount": """belob linjebelob nettobelob linjetotal valor valortotal valorliquido totallinha celkem cenacelkem celkembezdph castka
      summa yhteensa rivisumma osszeg nettoertek ertek netto""",
    "requested_date": """leveringsdato leveringstid levering levdato onsketlevering onsketleveringsdato leveringsuge dataentrega datadeentrega
      prazodeentrega prazoentrega entregaem terminodeentrega termindodani datumdodani dodani dodanido pozadovanytermin
      toimituspaiva toimituspvm toimitusaika toivottutoimituspaiva szallitasihatarido szallitasidatum hatarido""",
    "currency": "moeda mena valuutta penznem",
    "po_number": """ordre ordrenr ordrenummer bestilling bestillingsnr bestillingsnummer indkobsordre indkobsordrenr innkjopsordre
      innkjopsordrenr vorordre voresordre voresordrenr rekvisition rekvisitionsnr encomenda encomendan numeroencomenda nencomenda
      ndaencomenda notadeencomenda notaencomenda ordemdecompra pedidodecompra pedidocompra nossaencomenda anossaencomenda
      anossaencomendan objednavka cisloobjednavky objednavkac cobjednavky nasecisloobjednavky tilaus tilausnumero tilausnro ostotilaus
      ostotilausnumero rendeles rendelesszam megrendeles megrendelesszam rendelesiszam""",
    "order_date": "ordredato bestillingsdato dato datadaencomenda dataencomenda datadopedido datumobjednavky datum tilauspaiva tilauspvm paivays pvm rendelesdatuma kelt",
    "customer_number": "kundenr kundenummer voreskundenr ndecliente numerodecliente1 codigodecliente cislozakaznika zakaznickecislo asiakasnumero asiakasnro vevoszam ugyfelszam",
    "customer_name": "kunde kober bestiller rekvirent comprador adquirente cliente1 odberatel objednatel zakaznik asiakas tilaaja ostaja vevo megrendelo",
    "email": "epost email",
    "ship_to.name": "modtager mottaker destinatario prijemce vastaanottaja cimzett atvevo",
    "ship_to": """leveringsadresse leverestil leverestil1 leveringssted leveranse enderecodeentrega localdeentrega moradadeentrega entregarem
      dodaciadresa mistododani dorucovaciadresa dodejtena toimitusosoite toimituspaikka szallitasicim szallitasihely""",
    "ship_to.street": "gade vej gate vei rua morada endereco ulice katuosoite utca cim",
    "ship_to.city": "by sted cidade localidade mesto kaupunki postitoimipaikka varos helyseg",
    "ship_to.postal_code": "postnr codigopostal psc postinumero iranyitoszam irsz",
    "ship_to.country": "zeme maa orszag",
    "bill_to": "fakturaadresse faktureringsadresse enderecodefaturacao moradadefaturacao faturara fakturacniadresa laskutusosoite szamlazasicim",
    "incoterms": "leveringsbetingelser leveringsvilkar condicoesdeentrega dodacipodminky toimitusehto toimitusehdot szallitasifeltetel",
    "payment_terms": "betalingsbetingelser betalingsvilkar betaling condicoesdepagamento pagamento platebnipodminky splatnost maksuehto maksuehdot fizetesifeltetel fizetesihatarido",
    "note": "bemaerkning bemaerkninger merknad merknader kommentarer observacoes observacao notas poznamka poznamky huomautus huomautukset lisatiedot megjegyzes",
    "stated_total": "totalbelob totalt ialt iallt sum valortotaldaencomenda totaldaencomenda totalgeral celkovacena celkovacastka yhteensa loppusumma osszesen vegosszeg nettoosszesen",
    "gross_total": "totalinklmoms ialtinklmoms totalcomiva celkemsdph yhteensasisalv bruttoosszesen",
    "tax": "moms mva iva dph alv afa",
    "stated_line_count": "antallinjer antallinje numerodelinhas pocetpolozek rivimaara tetelekszama",
    "stated_quantity_total": "samletantal totaltantal quantidadetotal celkovemnozstvi kokonaismaara osszmennyiseg",
}
"""Like the fields of ``headings.py``: without accents, blanks and punctuation; ø and å are written o and a, æ ae."""
