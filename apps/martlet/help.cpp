#include "apps/martlet/help.h"

namespace martlet::cli::help {

const char* const kMain = R"(First steps:
  martlet enroll 'https://chat.example.org/i/TOKEN#FINGERPRINT' --name Alice
  martlet send bob@example.org "hi"
  martlet watch

Each verb has its own page with examples: martlet send --help

On a terminal martlet speaks to people. With --json, or when its output goes to a
program or file, it prints one JSON object a line, errors too (on stderr).
Exit status: 0 done, 2 usage, 3 not enrolled or profile in use, 4 no network,
5 too much at once, 6 identity problem (a human has to look), 7 not found,
8 refused, 9 timed out (still queued), 70 a bug or a broken disk.)";

const char* const kEnroll =
    R"(The invitation comes from the server's operator (martletd invite). Quote it: # and &
mean something to the shell. The keys are made on this machine and stay on it. If it
is interrupted, give the same command again.

Examples:
  martlet enroll 'https://chat.example.org/i/TOKEN#FINGERPRINT'
  martlet enroll 'https://...' --name "Alice Liddell" --device-name laptop
  martlet enroll 'https://chat.example.org:8443#FINGERPRINT' --handle alice@chat.example.org
                                                       a server that anybody may join
  martlet --profile work enroll 'https://...'          a second account on this machine)";

const char* const kWhoami =
    R"(The public code is what others compare with you, for instance on the phone, to be sure
that they write to you.

Examples:
  martlet whoami
  martlet whoami --json | jq -r .handle)";

const char* const kSend =
    R"(The message is on disk before it goes out. If the server cannot be reached in time
(exit 4, or 9 when it answered but did not accept), it stays queued and the next send
or watch takes it along: do not send it again.
At most 60,000 bytes of UTF-8. From standard input one line break at the end is dropped.

Examples:
  martlet send bob@example.org "hi"
  martlet send Bob "hi"                                a contact's name, or how it begins
  martlet --region DE send "0171 2345678" "hi"         a phone number as Germans write it
  uptime | martlet send bob@example.org -              from standard input
  martlet send Bob "are you there?" --wait read --timeout 5m
  martlet send Bob "yes" --reply 3q2-7wEjRWeJq83vASNFZw   (history --ids shows ids)
  martlet send Bob -- "-- what?"                       a text that begins with a dash
  martlet --offline send Bob "later"                   only queued)";

const char* const kWatch =
    R"(Without --since it goes on after the last event that watch printed for this profile,
beginning with the first ever. An event counts as printed once its line has been
written; a reader that goes away (| head -1) finds the rest next time.
It stays connected and reconnects by itself; Ctrl-C ends it. If its time is up and it
never reached the server, the exit status is 4.

Examples:
  martlet watch
  martlet watch --for 0                                what is new, and leave
  martlet watch --for 30s --json | jq -r 'select(.type == "message") | .text'
  martlet watch --since 0 --for 0 --json               everything from the beginning)";

const char* const kChats = R"(Examples:
  martlet chats
  martlet --offline chats                              without asking the server first
  martlet chats --json | jq -r 'select(.unread > 0) | .handle')";

const char* const kHistory =
    R"(CHAT is a handle, a contact's name or a chat id. The newest message comes last.

Examples:
  martlet history Bob
  martlet history bob@example.org --limit 200 --ids
  martlet history Bob --before 1200 --limit 100 --json
                                       the page before the message whose "order" is 1200)";

const char* const kRead =
    R"(Marks all messages of a conversation as read and tells those who wrote them.

Example:
  martlet read Bob)";

const char* const kHandle =
    R"(People reach you by your handles: e-mail addresses, phone numbers, and the name that
came with your invitation. An address is proven by a link in a mail, a number by a code
(or by a text that it sends itself). All your devices tell when one is added or lost.

Examples:
  martlet handle add alice@example.org                 a mail comes; open its link
  martlet handle add +15551234567                      a code comes by SMS
  martlet handle confirm +15551234567 123456
  martlet handle add +15551234567 --method inbound     you send a text instead
  martlet handle ls
  martlet handle default alice@example.org             what others see from now on
  martlet handle rm alice@old.example)";

const char* const kContact =
    R"(Names are yours alone: neither the server nor the contact learns them.

Examples:
  martlet contact add Bob bob@example.org
  martlet --region DE contact add Eva "0171 2345678"
  martlet --region DE contact import contacts.vcf      an export of a phone or mail program
  martlet contact ls

import takes over every mail address and number of a vCard file; the same file again
changes nothing, and its names replace earlier ones. A card is one contact with several
handles. --region says where numbers without a country belong.)";

const char* const kDoctor =
    R"(undecryptable_total counts messages that in the end could not be opened: it has to be 0.
The same as "martlet status".

Examples:
  martlet doctor
  martlet doctor --json | jq .undecryptable_total)";

const char* const kDevice =
    R"(All devices of an account are equal: each shows every conversation. Whenever one is
added or removed, all of them say so.

Examples:
  martlet device ls
  martlet device ls --json | jq -r 'select(.own | not) | .device'
  martlet device link chat.example.org:443             on the new device
  martlet device approve 'MARTLET:...'                 on one that is in already
  martlet device revoke 3fK2q --reason lost)";

const char* const kDeviceLink =
    R"(Shows a code, and eight digits for those who cannot scan or paste it. Give one of them
to a device that is in the account already: martlet device approve. It waits for ten
minutes. The keys are made on this machine and stay on it; the server passes on what
the two devices say to each other and can neither read nor change it.
martlet whoami prints SERVER on a device that you have.

Examples:
  martlet device link 'chat.example.org:443#FINGERPRINT'
  martlet --json device link chat.example.org:443 --device-name bot | tee link.jsonl)";

const char* const kDeviceApprove =
    R"(With the whole code nobody can sit in between. With the eight digits both screens show
the same other eight digits: look at both. On standard input it takes y for yes.
A device comes in as admin unless --role member says otherwise: then it may read and
write, but neither approve nor remove devices (good for bots and shared computers).

Examples:
  martlet device approve 'MARTLET:...'
  martlet device approve '1234 5678'
  martlet device approve 'MARTLET:...' --role member --yes     for scripts)";

const char* const kDeviceRevoke =
    R"(From then on nothing is sealed for the device any more, its connection is closed and
what waits for it at the server is deleted. What is on it already stays on it.

Examples:
  martlet device revoke 3fK2q --reason stolen
  martlet device ls --json | jq -r 'select(.name == "old phone") | .device' |
    xargs martlet device revoke --yes --reason replaced)";

const char* const kRecovery =
    R"(Enrolling makes 24 words. Write them on paper, then take them off the device. When all
devices are gone, they let a new one into the same account: contacts need not verify
anything again. `use` reads the words from standard input.

Examples:
  martlet recovery show
  martlet recovery forget
  martlet recovery use 'chat.example.org:443#FINGERPRINT' alice@example.org)";

}  // namespace martlet::cli::help
