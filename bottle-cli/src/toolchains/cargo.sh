cd /tmp
said=$(cargo search --index "sparse+https://$1/" x 2>&1)
echo "$said" >&2
case $said in
  *403*) exit 0 ;;
  # Before 1.68 it speaks to registries by git alone, which is tried by itself.
  *"-Z sparse-registry"*) exit 78 ;;
esac
exit 1
