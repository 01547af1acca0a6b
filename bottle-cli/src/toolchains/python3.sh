exec python3 - "$1" <<'END'
import sys, urllib.request, urllib.error
try:
    urllib.request.urlopen("https://" + sys.argv[1] + "/")
except urllib.error.HTTPError as error:
    sys.exit(0 if error.code == 403 else str(error))
except OSError as error:
    sys.exit(str(error))
sys.exit("an answer that nobody gave")
END
