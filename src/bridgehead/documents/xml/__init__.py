"""Reads orders in XML: UBL and Peppol, cXML, Order-X."""
