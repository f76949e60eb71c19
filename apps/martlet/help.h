#pragma once

/// What each page of --help says below its list of options: how to use it, with examples. Every
/// verb has one.
namespace martlet::cli::help {

extern const char* const kMain;
extern const char* const kEnroll;
extern const char* const kWhoami;
extern const char* const kSend;
extern const char* const kWatch;
extern const char* const kChats;
extern const char* const kHistory;
extern const char* const kRead;
extern const char* const kContact;
extern const char* const kDoctor;
extern const char* const kDevice;
extern const char* const kDeviceLink;
extern const char* const kDeviceApprove;
extern const char* const kDeviceRevoke;
extern const char* const kRecovery;
extern const char* const kHandle;

}  // namespace martlet::cli::help
