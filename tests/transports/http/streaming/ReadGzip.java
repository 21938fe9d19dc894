import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.zip.GZIPInputStream;

/**
 * Print a compressed stream as it comes. At its end, GZIPInputStream checks the CRC and the length.
 *
 * A Reader around a GZIPInputStream would wait until its buffer is full, whatever the server sends: `available()` always returns 1.
 */
public class ReadGzip {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).header("Accept-Encoding", "gzip").build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofInputStream());
        var buffer = new byte[8192];
        try (var plain = new GZIPInputStream(response.body())) {
            for (var count = plain.read(buffer); count >= 0; count = plain.read(buffer)) {
                System.out.write(buffer, 0, count);
                System.out.flush();
            }
        }
    }
}
