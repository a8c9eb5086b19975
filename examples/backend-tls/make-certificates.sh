#!/bin/sh
# Makes throwaway certificates in ./certs: a CA, one of the CRM and one of the
# gateway. They are for trying out and good for a month.
set -eu
cd "$(dirname "$0")"
mkdir -p certs
cd certs
umask 077

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj "/CN=Try-it-out CA" -keyout ca.key -out ca.pem \
	-addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" 2>/dev/null

# issue <file> <common name> <extended key usage>
issue() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$2" -keyout "$1.key" -out "$1.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s\nextendedKeyUsage=%s\n' "$2" "$3" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
		-extfile "$1.ext" -out "$1.pem" 2>/dev/null
	rm "$1.csr" "$1.ext"
}
issue crm localhost serverAuth
issue gateway gateway.school.example clientAuth
echo "made $(pwd): ca.pem, crm.pem, gateway.pem and their keys"
