/*
 * A Modbus server that is not ours: libmodbus, over TCP (server tcp) or a serial port (server rtu PATH).
 * Holding register n holds 1000 + n, input register n 2000 + n, coil n is on where n % 3 == 0, discrete input n where
 * n == 9. Over TCP, `server tcp only-23` refuses to write by any function but 23. Prints its TCP port, then serves
 * until it is killed.
 */
#include <errno.h>
#include <modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT 200

static int only23;

static int refused(int function) {
  return only23 && (function == 5 || function == 6 || function == 15 || function == 16 || function == 22);
}

static void serve(modbus_t *context, modbus_mapping_t *map) {
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    int length = modbus_receive(context, query);
    if (length > 0 && refused(query[modbus_get_header_length(context)]))
      modbus_reply_exception(context, query, MODBUS_EXCEPTION_ILLEGAL_FUNCTION);
    else if (length > 0) modbus_reply(context, query, length, map);
    else if (length == -1 && errno != EMBBADCRC && errno != ETIMEDOUT) return;
  }
}

int main(int argc, char **argv) {
  modbus_mapping_t *map = modbus_mapping_new(COUNT, COUNT, COUNT, COUNT);
  for (int n = 0; n < COUNT; n++) {
    map->tab_registers[n] = 1000 + n;
    map->tab_input_registers[n] = 2000 + n;
    map->tab_bits[n] = n % 3 == 0;
    map->tab_input_bits[n] = n == 9;
  }
  if (argc > 2 && strcmp(argv[1], "rtu") == 0) {
    modbus_t *context = modbus_new_rtu(argv[2], 9600, 'N', 8, 1);
    modbus_set_slave(context, 7);
    if (modbus_connect(context) == -1) return perror("connect"), 1;
    puts("0");
    fflush(stdout);
    serve(context, map);
    return 0;
  }
  only23 = argc > 2 && strcmp(argv[2], "only-23") == 0;
  modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) == -1 || listen(listener, 1) == -1) return perror("listen"), 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int socket = accept(listener, NULL, NULL);
    if (socket == -1) return perror("accept"), 1;
    modbus_set_socket(context, socket);
    serve(context, map);
    close(socket);
  }
}
