#include "kernel/model/freebsd/errors.h"

#include <errno.h>
#include <signal.h>

#include "kernel/model/freebsd/freebsd.h"

namespace faultline::kernel::model::freebsd {
namespace {

struct Pair {
  int host;
  int guest;
};

// Below 35 the two have the same numbers, but for EDEADLK's (11), which is EAGAIN's on Linux.
constexpr Pair kErrors[] = {
    {EAGAIN, common::kEAGAIN},
    {EDEADLK, common::kEDEADLK},
    {ENAMETOOLONG, common::kENAMETOOLONG},
    {ENOLCK, common::kENOLCK},
    {ENOSYS, common::kENOSYS},
    {ENOTEMPTY, common::kENOTEMPTY},
    {ELOOP, common::kELOOP},
    {ENOMSG, common::kENOMSG},
    {EIDRM, common::kEIDRM},
    {ENODATA, common::kENOATTR},
    {EOVERFLOW, common::kEOVERFLOW},
    {EILSEQ, common::kEILSEQ},
    {EBADMSG, common::kEBADMSG},
    {EMULTIHOP, common::kEMULTIHOP},
    {ENOLINK, common::kENOLINK},
    {EPROTO, common::kEPROTO},
    {EUSERS, common::kEUSERS},
    {ENOTSOCK, common::kENOTSOCK},
    {EDESTADDRREQ, common::kEDESTADDRREQ},
    {EMSGSIZE, common::kEMSGSIZE},
    {EPROTOTYPE, common::kEPROTOTYPE},
    {ENOPROTOOPT, common::kENOPROTOOPT},
    {EPROTONOSUPPORT, common::kEPROTONOSUPPORT},
    {ESOCKTNOSUPPORT, common::kESOCKTNOSUPPORT},
    {EOPNOTSUPP, common::kEOPNOTSUPP},
    {EPFNOSUPPORT, common::kEPFNOSUPPORT},
    {EAFNOSUPPORT, common::kEAFNOSUPPORT},
    {EADDRINUSE, common::kEADDRINUSE},
    {EADDRNOTAVAIL, common::kEADDRNOTAVAIL},
    {ENETDOWN, common::kENETDOWN},
    {ENETUNREACH, common::kENETUNREACH},
    {ENETRESET, common::kENETRESET},
    {ECONNABORTED, common::kECONNABORTED},
    {ECONNRESET, common::kECONNRESET},
    {ENOBUFS, common::kENOBUFS},
    {EISCONN, common::kEISCONN},
    {ENOTCONN, common::kENOTCONN},
    {ESHUTDOWN, common::kESHUTDOWN},
    {ETOOMANYREFS, common::kETOOMANYREFS},
    {ETIMEDOUT, common::kETIMEDOUT},
    {ECONNREFUSED, common::kECONNREFUSED},
    {EHOSTDOWN, common::kEHOSTDOWN},
    {EHOSTUNREACH, common::kEHOSTUNREACH},
    {EALREADY, common::kEALREADY},
    {EINPROGRESS, common::kEINPROGRESS},
    {ESTALE, common::kESTALE},
    {EDQUOT, common::kEDQUOT},
    {ECANCELED, common::kECANCELED},
    {EOWNERDEAD, common::kEOWNERDEAD},
    {ENOTRECOVERABLE, common::kENOTRECOVERABLE},
};

constexpr Pair kSignals[] = {
    {SIGHUP, common::kSIGHUP},       {SIGINT, common::kSIGINT},   {SIGQUIT, common::kSIGQUIT},
    {SIGILL, common::kSIGILL},       {SIGTRAP, common::kSIGTRAP}, {SIGABRT, common::kSIGABRT},
    {SIGFPE, common::kSIGFPE},       {SIGKILL, common::kSIGKILL}, {SIGBUS, common::kSIGBUS},
    {SIGSEGV, common::kSIGSEGV},     {SIGSYS, common::kSIGSYS},   {SIGPIPE, common::kSIGPIPE},
    {SIGALRM, common::kSIGALRM},     {SIGTERM, common::kSIGTERM}, {SIGURG, common::kSIGURG},
    {SIGSTOP, common::kSIGSTOP},     {SIGTSTP, common::kSIGTSTP}, {SIGCONT, common::kSIGCONT},
    {SIGCHLD, common::kSIGCHLD},     {SIGTTIN, common::kSIGTTIN}, {SIGTTOU, common::kSIGTTOU},
    {SIGIO, common::kSIGIO},         {SIGXCPU, common::kSIGXCPU}, {SIGXFSZ, common::kSIGXFSZ},
    {SIGVTALRM, common::kSIGVTALRM}, {SIGPROF, common::kSIGPROF}, {SIGWINCH, common::kSIGWINCH},
    {SIGUSR1, common::kSIGUSR1},     {SIGUSR2, common::kSIGUSR2},
};

}  // namespace

int ErrorFromHost(int error) {
  for (const Pair& each : kErrors)
    if (each.host == error) return each.guest;
  return error < EDEADLK ? error : static_cast<int>(common::kEINVAL);
}

int FreeBsd::SignalFromHost(int host) const {
  for (const Pair& each : kSignals)
    if (each.host == host) return each.guest;
  return 0;
}

// For a death that the host has to show: those that it lacks are one that also kills.
int FreeBsd::SignalToHost(int signal) const {
  for (const Pair& each : kSignals)
    if (each.guest == signal) return each.host;
  return SIGKILL;
}

}  // namespace faultline::kernel::model::freebsd
