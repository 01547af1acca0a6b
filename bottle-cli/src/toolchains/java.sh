java --list-modules 2>/dev/null | grep -q '^jdk.compiler' || { echo "it comes without a compiler" >&2; exit 78; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/Doctor.java" <<'END'
public class Doctor {
  public static void main(String[] words) throws Exception {
    var connection = (java.net.HttpURLConnection) new java.net.URL("https://" + words[0] + "/").openConnection();
    System.exit(connection.getResponseCode() == 403 ? 0 : 1);
  }
}
END
java "$folder/Doctor.java" "$1"
