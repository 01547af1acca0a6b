# Adds one certificate, read from standard input, to Debian's trust store. Arguments: where the certificate goes, the
# bundle, the program that makes the bundle anew, where Java's trust store goes, and that store in base64.
#
# That program reads some 140 certificates again, one process or more each: over a second at every start of a bottle.
# Where the bundle is up to date and nothing else wants to hear of it, adding one certificate comes to the same.
set -eu
umask 022
certificate=$1 bundle=$2 update=$3 java=$4
folder=${certificate%/*} store=${bundle%/*}
name=${certificate##*/}
name=${name%.crt}.pem
stale=no
[ -s "$bundle" ] && [ ! -e "$store/$name" ] || stale=yes
for input in /etc/ca-certificates.conf "$folder" /usr/share/ca-certificates; do
    [ ! "$input" -nt "$bundle" ] || stale=yes
done
for hook in /etc/ca-certificates/update.d/*; do
    [ ! -e "$hook" ] || stale=yes
done
mkdir -p "$folder"
cat > "$certificate"
printf %s "$5" | base64 -d > "$java"
chmod 644 "$certificate" "$java"
hash=$(openssl x509 -noout -subject_hash -in "$certificate" 2>/dev/null) || stale=yes
[ "$stale" = yes ] || [ ! -e "$store/$hash.0" ] || stale=yes
[ "$stale" = no ] || exec "$update"
# A bundle that somebody else wrote need not end with a line's end.
{ cat "$bundle"; echo; cat "$certificate"; } > "$bundle.new"
ln -s "$certificate" "$store/$name"
ln -s "$name" "$store/$hash.0"
mv -f "$bundle.new" "$bundle"
